// How frames and links are named in captures.
#pragma once

#include <optional>
#include <string>

#include <warren/lab/capture.hpp>
#include <warren/lab/topology.hpp>

namespace warren::lab {

/// "alice:eth0"
std::string end_name(const Topology& topology, const LinkEnd& end);
/// "wan (alice:eth0 - core:p1)"
std::string interface_name(const Topology& topology, const Link& link);

/// What became of a frame that the link let pass.
struct Outgone {
  base::WallTime when;
  bool codel = false;  ///< dropped at the head of the queue
};
/// "delayed 35.2 ms, flow 000000000000002a packet 17", "lost by the loss model, flow …".
std::string fate_comment(const CaptureRecord& record, const std::optional<Outgone>& outgone);

}  // namespace warren::lab
