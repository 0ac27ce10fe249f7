// The nodes' names for the resolver.
#pragma once

#include <string>

#include <warren/lab/topology.hpp>

namespace warren::lab {

/// hosts(5): every node by its name (its first address of each family), its interfaces as
/// "eth0.alice", the ends of tunnels as "wr0.alice".
std::string hosts_text(const Topology& topology);

}  // namespace warren::lab
