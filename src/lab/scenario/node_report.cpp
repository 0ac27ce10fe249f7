#include "node_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include <warren/lab/probe.hpp>
#include <warren/system/netlink.hpp>

namespace warren::lab {

// One line per thing, much as `ip -brief` has them.
NodeReport report_node(const Topology& topology, const World& world, NodeId node) {
  NodeReport report;
  report.name = topology.node(node).name;
  const int netns = world.netns(node);
  system::Netlink netlink(netns);
  for (const system::Link& link : netlink.links()) {
    fmt::format_to(std::back_inserter(report.addresses), "{:<15} {:<8} mtu {}{}", link.name,
                   !link.up       ? "off"
                   : link.running ? "up"
                                  : "no link",
                   link.mtu, link.mac ? " " + link.mac->to_string() : "");
    for (const base::InterfaceAddress& each : netlink.addresses(link.index)) {
      report.addresses += " " + each.to_string();
    }
    report.addresses += '\n';
    for (const system::Route& each : netlink.routes(link.index)) {
      fmt::format_to(
          std::back_inserter(report.routes), "{}{} dev {}{}{}\n", each.network.to_string(),
          each.gateway ? " via " + each.gateway->to_string() : "", link.name,
          each.metric == 0 ? "" : fmt::format(" metric {}", each.metric),
          each.table == system::Route::kMainTable ? "" : fmt::format(" table {}", each.table));
    }
    fmt::format_to(std::back_inserter(report.counters), "{:<15}", link.name);
    for (const auto& [name, value] : interface_counters(netns, link.name)) {
      if (value != 0) fmt::format_to(std::back_inserter(report.counters), " {}={}", name, value);
    }
    report.counters += '\n';
  }
  using Protocol = ListenTable::Protocol;
  for (const auto& [name, protocol] :
       {std::pair{"tcp", Protocol::tcp}, std::pair{"udp", Protocol::udp}}) {
    for (const base::Endpoint& each : ListenTable(netns, protocol).all()) {
      fmt::format_to(std::back_inserter(report.sockets), "{} {}\n", name, each.to_string());
    }
  }
  return report;
}

LinkReport report_link(const Topology& topology, const Wire* wire, LinkId id) {
  const Link& link = topology.link(id);
  LinkReport report;
  report.name = link.name;
  report.wired = link.wired;
  for (std::uint8_t i = 0; i < 2; ++i) {
    const LinkEnd& end = link.ends.at(i);
    report.ends.at(i) =
        fmt::format("{}:{}", topology.node(end.node).name, topology.interface(end).name);
    if (!link.wired || wire == nullptr) continue;
    report.settings.at(i) = describe(wire->settings(id, i));
    report.counters.at(i) = wire->counters(id, i);
  }
  return report;
}

}  // namespace warren::lab
