// Packet sockets for the plain links of a lab: as few namespaces as see them all.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <warren/lab/capture.hpp>
#include <warren/lab/topology.hpp>
#include <warren/system/packet_tap.hpp>

namespace warren::lab {

/// One end of a link, where its frames are seen.
struct TapPoint {
  LinkId link;
  std::uint8_t end = 0;
  std::string interface;
};
struct TapPlan {
  NodeId node;
  std::vector<TapPoint> points;
};
/// Where to listen so that every plain link among `links` is seen once. Takes the node with the
/// most of the links first, so that a switch's namespace serves all its links; avoids nodes with an
/// XDP program, which may drop frames before a packet socket sees them.
std::vector<TapPlan> plan_taps(const Topology& topology, const std::vector<LinkId>& links);

/// The sockets of one plan. Records come as of a wired link's first moment (`sent`), with no fate.
class PlainTap {
 public:
  PlainTap(const TapPlan& plan, int netns, const system::PacketTapOptions& options);
  [[nodiscard]] int fd() const noexcept { return tap_.fd(); }
  [[nodiscard]] std::uint64_t missed() const noexcept { return tap_.missed(); }
  std::size_t drain(const std::function<void(const CaptureRecord&)>& visit);

 private:
  std::vector<TapPoint> points_;
  system::PacketTap tap_;
};

}  // namespace warren::lab
