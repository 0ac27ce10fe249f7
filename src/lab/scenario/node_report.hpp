// The state of a node's network as text, for reports.
#pragma once

#include <warren/lab/result.hpp>
#include <warren/lab/topology.hpp>
#include <warren/lab/wire.hpp>
#include <warren/lab/world.hpp>

namespace warren::lab {

/// Throws base::SystemError.
NodeReport report_node(const Topology& topology, const World& world, NodeId node);
/// `wire` is null where no link is wired.
LinkReport report_link(const Topology& topology, const Wire* wire, LinkId link);

}  // namespace warren::lab
