#include "targets.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include "structure.hpp"

namespace warren::lab {

using base::IpAddress;
using config::in_quotes;

std::vector<Targets::Candidate> Targets::candidates(NodeId node, std::string_view interface) const {
  std::vector<Candidate> result;
  for (const Interface& each : draft_.topology.node(node).interfaces) {
    if (!interface.empty() && each.name != interface) continue;
    for (const auto& address : each.addresses) {
      result.push_back({.address = address.address, .in_tunnel = false});
    }
  }
  for (const Tunnel& tunnel : draft_.topology.tunnels) {
    if (!interface.empty() && tunnel.name != interface) continue;
    for (const TunnelEnd& end : tunnel.ends) {
      if (end.node != node) continue;
      for (const auto& address : end.addresses) {
        result.push_back({.address = address.address, .in_tunnel = true});
      }
    }
  }
  return result;
}

std::optional<NodeId> Targets::owner_of(const IpAddress& address) const {
  for (std::uint32_t n = 0; n < draft_.topology.nodes.size(); ++n) {
    for (const Candidate& each : candidates(NodeId(n), {})) {
      if (each.address == address) return NodeId(n);
    }
  }
  return {};
}

/// IPv4 before IPv6; then the fewest nodes on the way, outside tunnels; then the file's order.
IpAddress Targets::best(const std::vector<Candidate>& candidates, NodeId from) {
  constexpr std::uint32_t kNoWay = std::numeric_limits<std::uint32_t>::max();
  const auto rank = [&](const Candidate& each) {
    const auto way = each.in_tunnel ? std::nullopt : reach_.way(from, each.address);
    return std::tuple(!each.address.is_v4(), each.in_tunnel, way ? way->distance : kNoWay);
  };
  return std::ranges::min_element(candidates, {}, rank)->address;
}

Target Targets::read(const Fields& fields, NodeId from) {
  const config::Position at = fields.at("to");
  Target target;
  target.text = *fields.text("to");
  auto family = fields.integer("family");
  if (family && *family != 4 && *family != 6) fields.fail("family", "it is 4 or 6");
  if (const auto address = IpAddress::parse(target.text)) {
    if (family && (*family == 4) != address->is_v4()) {
      fields.fail("family", fmt::format("{} is of the other family", target.text));
    }
    target.address = *address;
    target.node = owner_of(*address);
    return target;
  }
  std::string_view name = target.text;
  if (name.ends_with("/4") || name.ends_with("/6")) {
    const std::int64_t said = name.back() - '0';
    if (family && *family != said) fields.fail("family", fmt::format("{} says otherwise", name));
    family = said;
    name.remove_suffix(2);
  }
  const std::size_t sign = name.find('@');
  const std::string_view interface =
      sign == std::string_view::npos ? std::string_view{} : name.substr(sign + 1);
  name = name.substr(0, sign);
  const NodeId node = draft_.find_host("to", name, at);
  if (sign != std::string_view::npos) check_interface(node, interface, at);
  std::vector<Candidate> known = candidates(node, interface);
  std::erase_if(known, [&](const Candidate& each) {
    return family && (*family == 4) != each.address.is_v4();
  });
  if (known.empty()) {
    draft_.source.fail(at,
                       fmt::format("`to`: {} has no {}address", in_quotes(target.text),
                                   !family        ? ""
                                   : *family == 4 ? "IPv4 "
                                                  : "IPv6 "),
                       family == 6 ? "write ipv6 = \"fd00:1ab::/48\" in [lab]" : "");
  }
  target.node = node;
  target.address = best(known, from);
  return target;
}

void Targets::check_interface(NodeId node, std::string_view interface, config::Position at) const {
  const Node& host = draft_.topology.node(node);
  std::vector<std::string_view> names;
  names.reserve(names.size() + host.interfaces.size());
  for (const Interface& each : host.interfaces) names.push_back(each.name);
  for (const Tunnel& tunnel : draft_.topology.tunnels) {
    const bool is_end = std::ranges::find(tunnel.ends, node, &TunnelEnd::node) != tunnel.ends.end();
    if (is_end) names.push_back(tunnel.name);
  }
  if (std::ranges::find(names, interface) != names.end()) return;
  fail_unknown(draft_.source, at, "to", fmt::format("interface of {}", host.name), interface,
               names);
}

std::optional<IpAddress> Targets::neighbour(NodeId node, NodeId gateway,
                                            base::Family family) const {
  for (const Interface& theirs : draft_.topology.node(gateway).interfaces) {
    for (const auto& address : theirs.addresses) {
      if (address.address.family() != family) continue;
      for (const Interface& ours : draft_.topology.node(node).interfaces) {
        const bool shared = std::ranges::any_of(ours.addresses, [&](const auto& own) {
          return own.network().contains(address.address);
        });
        if (shared) return address.address;
      }
    }
  }
  return {};
}

}  // namespace warren::lab
