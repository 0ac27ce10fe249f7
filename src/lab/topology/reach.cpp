#include "reach.hpp"

#include <algorithm>

#include "stable_order.hpp"
#include "subnets.hpp"

namespace warren::lab {
namespace {

/// A search takes a moment and its result some memory: enough for all ends of a tunnel.
constexpr std::size_t kMaxCached = 128;

bool is_tunnel_network(const Tunnel& tunnel, const base::IpNetwork& network) {
  return std::ranges::any_of(tunnel.ends.front().addresses,
                             [&](const auto& address) { return address.network() == network; });
}

bool leads_to(const TunnelEnd& end, const base::IpNetwork& network) {
  return std::ranges::any_of(end.subnets,
                             [&](const auto& subnet) { return covers(subnet, network); });
}

}  // namespace

Reach::Reach(const Topology& topology) : topology_(topology), of_node_(topology.nodes.size()) {
  for (const Link& link : topology.links) {
    for (const LinkEnd& end : link.ends) {
      for (const base::InterfaceAddress& address : topology.interface(end).addresses) {
        const auto [known, is_new] =
            index_of_.emplace(address.network(), static_cast<std::uint32_t>(networks_.size()));
        if (is_new) {
          networks_.push_back(address.network());
          of_network_.emplace_back();
        }
        const Member member{.node = end.node,
                            .interface = end.interface,
                            .address = address.address,
                            .network = known->second};
        of_network_[known->second].push_back(member);
        of_node_[end.node.value()].push_back(member);
      }
    }
  }
  for (auto& members : of_node_) order_by(members, &Member::interface);
}

const std::vector<std::optional<Way>>& Reach::ways(NodeId from) {
  const auto known = cache_.find(from);
  if (known != cache_.end()) return known->second;
  if (cache_.size() == kMaxCached) cache_.clear();
  return cache_.emplace(from, search(from)).first->second;
}

/// Breadth first, so that the first way found is a shortest one.
std::vector<std::optional<Way>> Reach::search(NodeId from) const {
  std::vector<std::optional<Way>> ways(networks_.size());
  // Each node forwards each family once.
  std::vector<bool> expanded(2 * topology_.nodes.size());
  std::vector<std::uint32_t> queue;
  const std::size_t first = std::size_t{2} * from.value();
  expanded[first] = expanded[first + 1] = true;
  for (const Member& member : of_node_[from.value()]) {
    if (ways[member.network]) continue;
    ways[member.network] = Way{.distance = 0,
                               .interface = member.interface,
                               .gateway = {},
                               .through_nat = false,
                               .by_tunnel = false};
    queue.push_back(member.network);
  }
  for (std::size_t i = 0; i < queue.size(); ++i) expand(queue[i], ways, expanded, queue);
  return ways;
}

/// Goes on through the nodes of the network that forward.
void Reach::expand(std::uint32_t network, std::vector<std::optional<Way>>& ways,
                   std::vector<bool>& expanded, std::vector<std::uint32_t>& queue) const {
  const Way here = *ways[network];
  for (const Member& member : of_network_[network]) {
    const Node& node = topology_.node(member.node);
    const std::size_t index = 2 * member.node.value() + (member.address.is_v4() ? 0 : 1);
    if (expanded[index]) continue;
    if (node.kind != NodeKind::router && node.kind != NodeKind::nat) continue;
    const auto is_outside = [&](std::uint32_t interface) {
      return node.kind == NodeKind::nat && node.interfaces[interface].name == node.outside;
    };
    if (is_outside(member.interface)) continue;
    expanded[index] = true;
    for (const Member& next : of_node_[member.node.value()]) {
      if (ways[next.network] || next.address.family() != member.address.family()) continue;
      Way way = here;
      ++way.distance;
      if (here.distance == 0) way.gateway = member.address;
      way.through_nat = here.through_nat || is_outside(next.interface);
      ways[next.network] = way;
      queue.push_back(next.network);
    }
  }
}

/// As a step on the way to something behind `to`.
std::optional<Way> Reach::way_to_forwarder(NodeId from, NodeId to) {
  const Node& node = topology_.node(to);
  if (node.kind != NodeKind::router && node.kind != NodeKind::nat) return {};
  const auto& known = ways(from);
  std::optional<Way> best;
  for (const Member& member : of_node_[to.value()]) {
    const bool outside =
        node.kind == NodeKind::nat && node.interfaces[member.interface].name == node.outside;
    const std::optional<Way>& way = known[member.network];
    if (outside || !way || (best && best->distance <= way->distance + 1)) continue;
    best = way;
    ++best->distance;
    if (!best->gateway) best->gateway = member.address;
  }
  return best;
}

bool Reach::is_behind(NodeId node, const TunnelEnd& end) const {
  return std::ranges::any_of(of_node_[node.value()], [&](const Member& member) {
    return leads_to(end, networks_[member.network]);
  });
}

std::optional<Way> Reach::way_through(NodeId from, const Tunnel& tunnel,
                                      const base::IpNetwork& network) {
  const bool is_its_own = is_tunnel_network(tunnel, network);
  // How far it is behind the end that leads to it.
  std::optional<std::uint32_t> behind;
  NodeId exit;
  for (const TunnelEnd& end : tunnel.ends) {
    if (is_its_own) {
      behind = 0;
      break;
    }
    if (!leads_to(end, network)) continue;
    const auto& way = ways(end.node)[index_of_.at(network)];
    if (!way || end.node == from) return {};
    behind = way->distance;
    exit = end.node;
  }
  if (!behind) return {};
  std::optional<Way> best;
  for (const TunnelEnd& end : tunnel.ends) {
    if (!is_its_own && end.node == exit) continue;
    std::optional<Way> way;
    if (end.node == from) {
      way = Way{};
      way->by_tunnel = true;
    } else if (is_behind(from, end)) {
      // Only who is behind an end gets an answer through it.
      way = way_to_forwarder(from, end.node);
    }
    if (!way) continue;
    way->distance += 1 + *behind;
    if (!best || way->distance < best->distance) best = way;
  }
  return best;
}

std::optional<Way> Reach::way(NodeId from, const base::IpNetwork& network) {
  std::optional<Way> best;
  if (const auto found = index_of_.find(network); found != index_of_.end()) {
    best = ways(from)[found->second];
    if (best && best->distance == 0) return best;
  }
  for (const Tunnel& tunnel : topology_.tunnels) {
    const auto through = way_through(from, tunnel, network);
    // At equal length the tunnel: that is what `subnets` asks for.
    if (through && (!best || best->through_nat || through->distance <= best->distance)) {
      best = through;
    }
  }
  return best;
}

std::optional<Way> Reach::way(NodeId from, const base::IpAddress& address) {
  for (const base::IpNetwork& network : networks_) {
    if (network.contains(address)) return way(from, network);
  }
  for (const Tunnel& tunnel : topology_.tunnels) {
    for (const auto& each : tunnel.ends.front().addresses) {
      if (each.network().contains(address)) return way(from, each.network());
    }
  }
  return {};
}

}  // namespace warren::lab
