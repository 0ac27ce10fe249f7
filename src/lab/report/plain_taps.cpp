#include "plain_taps.hpp"

#include <algorithm>
#include <map>

#include <warren/system/namespaces.hpp>

namespace warren::lab {
namespace {

system::PacketTap open_tap(const std::vector<TapPoint>& points, int netns,
                           const system::PacketTapOptions& options) {
  std::vector<std::string> names;
  names.reserve(points.size());
  for (const TapPoint& point : points) names.push_back(point.interface);
  return system::in_netns(netns, [&] { return system::PacketTap(names, options); });
}

}  // namespace

std::vector<TapPlan> plan_taps(const Topology& topology, const std::vector<LinkId>& links) {
  std::vector<LinkId> left;
  std::ranges::copy_if(links, std::back_inserter(left),
                       [&](LinkId id) { return !topology.link(id).wired; });
  std::vector<TapPlan> plans;
  while (!left.empty()) {
    std::map<NodeId, std::size_t> degrees;
    for (const LinkId id : left) {
      for (const LinkEnd& end : topology.link(id).ends) ++degrees[end.node];
    }
    const auto rank = [&](const auto& entry) {
      return std::pair(!topology.node(entry.first).xdp.has_value(), entry.second);
    };
    TapPlan plan{std::ranges::max_element(degrees, {}, rank)->first, {}};
    std::erase_if(left, [&](LinkId id) {
      const Link& link = topology.link(id);
      for (std::uint8_t end = 0; end < 2; ++end) {
        if (link.ends.at(end).node != plan.node) continue;
        plan.points.push_back({id, end, topology.interface(link.ends.at(end)).name});
        return true;
      }
      return false;
    });
    // A packet socket's filter is bounded.
    if (plan.points.size() > system::PacketTap::kInterfacesMost) {
      for (auto at = plan.points.begin() + system::PacketTap::kInterfacesMost;
           at != plan.points.end(); ++at) {
        left.push_back(at->link);
      }
      plan.points.resize(system::PacketTap::kInterfacesMost);
    }
    plans.push_back(std::move(plan));
  }
  return plans;
}

PlainTap::PlainTap(const TapPlan& plan, int netns, const system::PacketTapOptions& options)
    : points_(plan.points), tap_(open_tap(points_, netns, options)) {}

std::size_t PlainTap::drain(const std::function<void(const CaptureRecord&)>& visit) {
  return tap_.drain([&](const system::TappedFrame& frame) {
    const TapPoint& point = points_[frame.interface];
    CaptureRecord record;
    record.when = frame.when;
    record.link = point.link;
    // What the first end sends goes in direction 0, and so does what the second end receives.
    record.direction = frame.outgoing == (point.end == 0) ? 0 : 1;
    record.frame_bytes = frame.frame_bytes;
    record.bytes = frame.bytes;
    visit(record);
  });
}

}  // namespace warren::lab
