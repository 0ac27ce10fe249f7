// Which subnet each segment has, and which address each interface. A segment is a link, or links
// that switches join. What the file writes comes first; the rest is given out in the file's order,
// so that adding a link at the end changes no address before it.
#include "addresses.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "disjoint_sets.hpp"
#include "draft.hpp"
#include "limits.hpp"
#include "stable_order.hpp"
#include "subnets.hpp"

namespace warren::lab {
namespace {

using base::Family;
using base::InterfaceAddress;
using base::IpAddress;
using base::IpNetwork;

struct End {
  LinkId link;
  std::uint8_t side = 0;
};

struct Segment {
  std::vector<LinkId> links;
  std::vector<End> ends;  ///< without those of switches
  std::vector<Placed<IpNetwork>> subnets;
};

/// In the order of their first links.
std::vector<Segment> find_segments(const Topology& topology) {
  DisjointSets joined(topology.links.size());
  for (const Node& node : topology.nodes) {
    if (node.kind != NodeKind::bridge) continue;
    for (const Interface& interface : node.interfaces) {
      joined.join(node.interfaces.front().link.value(), interface.link.value());
    }
  }
  std::vector<Segment> segments;
  std::vector<std::size_t> index_of(topology.links.size());
  for (std::uint32_t i = 0; i < topology.links.size(); ++i) {
    const std::uint32_t root = joined.find(i);
    if (root == i) {
      index_of[i] = segments.size();
      segments.emplace_back();
    }
    Segment& segment = segments[index_of[root]];
    segment.links.emplace_back(i);
    for (std::uint8_t side = 0; side < 2; ++side) {
      const LinkEnd& end = topology.links[i].ends.at(side);
      if (topology.node(end.node).kind == NodeKind::bridge) continue;
      segment.ends.push_back({.link = LinkId(i), .side = side});
    }
  }
  return segments;
}

/// Why an interface cannot have the address.
std::optional<std::string> unusable_address(const InterfaceAddress& written) {
  const IpAddress& address = written.address;
  if (const auto why = unusable(IpNetwork(address, address.bits()))) return std::string(*why);
  const unsigned bits = address.bits() - written.prefix;
  if (!address.is_v4() || bits <= 1) return {};
  if (address == written.network().address()) return "is the network's own address";
  if (address == address_in(written.network(), (std::uint64_t{1} << bits) - 1)) {
    return "is the network's broadcast address";
  }
  return {};
}

class Giver {
 public:
  explicit Giver(Draft& draft) : draft_(draft), segments_(find_segments(draft.topology)) {}

  void give() {
    for (Segment& segment : segments_) read_written(segment);
    reserve_tunnels();
    for (Segment& segment : segments_) {
      for (const Family family : {Family::v4, Family::v6}) complete(segment, family);
      assign(segment);
    }
  }

 private:
  [[nodiscard]] LinkDraft& written(LinkId id) { return draft_.link_drafts.at(id.value()); }
  [[nodiscard]] Interface& interface(const End& end) {
    const LinkEnd& link_end = draft_.link(end.link).ends.at(end.side);
    return draft_.node(link_end.node).interfaces.at(link_end.interface);
  }
  [[nodiscard]] bool wants_address(const End& end) { return !written(end.link).has_addresses; }

  void read_written(Segment& segment) {
    for (const LinkId id : segment.links) {
      const auto& subnets = written(id).subnets;
      if (subnets.empty()) continue;
      if (segment.subnets.empty()) {
        segment.subnets = subnets;
        for (const auto& subnet : subnets) reserve(draft_, subnet, "subnet");
        continue;
      }
      check_same(segment, subnets);
    }
    std::vector<IpNetwork> known;
    known.reserve(segment.subnets.size());
    for (const auto& subnet : segment.subnets) known.push_back(subnet.value);
    const bool has_subnets = !segment.subnets.empty();
    for (const LinkId id : segment.links) {
      for (std::size_t side = 0; side < 2; ++side) {
        for (const auto& address : written(id).addresses.at(side)) {
          take_written(segment, {.link = id, .side = static_cast<std::uint8_t>(side)}, address,
                       known, has_subnets);
        }
      }
    }
  }

  void check_same(const Segment& segment, const std::vector<Placed<IpNetwork>>& subnets) {
    for (const auto& [network, at] : subnets) {
      const bool same = std::ranges::any_of(
          segment.subnets, [&](const auto& known) { return known.value == network; });
      if (same) continue;
      draft_.source.fail(
          at,
          fmt::format("`subnet`: the links that meet in this switch have {} already (line {})",
                      segment.subnets.front().value.to_string(), segment.subnets.front().at.line),
          "one subnet for all of them, written once");
    }
  }

  void take_written(Segment& segment, const End& end, const Placed<InterfaceAddress>& address,
                    std::vector<IpNetwork>& known, bool has_subnets) {
    const std::string text = address.value.to_string();
    const auto fail = [&](std::string_view why, std::string hint) {
      draft_.source.fail(address.at, fmt::format("`addresses`: {} {}", text, why), std::move(hint));
    };
    const LinkEnd& link_end = draft_.link(end.link).ends.at(end.side);
    if (draft_.node(link_end.node).kind == NodeKind::bridge) {
      fail("is for a switch, which has none", "write \"\" for its end");
    }
    if (const auto why = unusable_address(address.value)) fail(*why, "for example \"10.1.0.1/24\"");
    const IpNetwork network = address.value.network();
    if (std::ranges::find(known, network) == known.end()) {
      reserve(draft_, {network, address.at}, "addresses");
      known.push_back(network);
      const auto same_family = [&](const auto& subnet) {
        return subnet.value.address().family() == network.address().family();
      };
      // The ends without addresses of their own join the first network of each family.
      if (!has_subnets && std::ranges::none_of(segment.subnets, same_family)) {
        segment.subnets.push_back({network, address.at});
      }
    }
    use_address(draft_, address.value.address, address.at, "addresses");
    add(end, address.value);
  }

  void reserve_tunnels() {
    for (const Fields& fields : draft_.document.list("tunnel")) {
      for (const auto& [text, at] : fields.texts("network")) {
        reserve(draft_, {fields.take("network", at, config::parse_network(text)), at}, "network");
      }
    }
  }

  /// Takes a subnet from the pool where the segment needs one.
  void complete(Segment& segment, Family family) {
    const auto is_family = [&](const auto& subnet) {
      return subnet.value.address().family() == family;
    };
    const auto hosts = static_cast<std::uint64_t>(
        std::ranges::count_if(segment.ends, [&](const End& end) { return wants_address(end); }));
    if (hosts == 0 || std::ranges::any_of(segment.subnets, is_family)) return;
    const config::Position at = written(segment.links.front()).fields.at();
    if (const auto network = take_subnet(draft_, family, hosts, at)) {
      segment.subnets.push_back({*network, at});
    }
  }

  void assign(Segment& segment) {
    // IPv4 first: a node's first address is the one that its name means.
    order_by(segment.subnets,
             [](const auto& subnet) { return subnet.value.address().is_v4() ? 0 : 1; });
    for (const auto& [network, at] : segment.subnets) {
      std::uint64_t number = first_host(network);
      for (const End& end : segment.ends) {
        if (!wants_address(end)) continue;
        const IpAddress address = next_address(draft_, network, number, at);
        add(end, {.address = address, .prefix = static_cast<std::uint8_t>(network.prefix())});
      }
    }
  }

  void add(const End& end, const InterfaceAddress& address) {
    Interface& to = interface(end);
    if (!address.address.is_v4() && to.mtu < kMinMtuV6) {
      draft_.source.fail(
          written(end.link).fields.at("mtu"),
          fmt::format("`mtu`: {} is too small for IPv6, which needs {}", to.mtu, kMinMtuV6),
          "raise it, or write IPv4 `addresses` for this link");
    }
    to.addresses.push_back(address);
  }

  Draft& draft_;
  std::vector<Segment> segments_;
};

}  // namespace

void reserve(Draft& draft, const Placed<base::IpNetwork>& network, std::string_view key) {
  if (const auto why = unusable(network.value)) {
    draft.source.fail(network.at, fmt::format("`{}`: {} {}", key, network.value.to_string(), *why),
                      "for example \"10.1.0.0/24\"");
  }
  for (const auto& known : draft.networks) {
    if (!overlaps(known.value, network.value)) continue;
    draft.source.fail(network.at,
                      fmt::format("`{}`: {} overlaps {} (line {})", key, network.value.to_string(),
                                  known.value.to_string(), known.at.line),
                      "each segment and each tunnel has a network of its own");
  }
  draft.networks.push_back(network);
}

std::optional<IpNetwork> take_subnet(Draft& draft, Family family, std::uint64_t hosts,
                                     config::Position at) {
  std::optional<Pool>& pool = family == Family::v4 ? draft.ipv4 : draft.ipv6;
  if (!pool) return {};
  const unsigned bits = pool->network.address().bits();
  unsigned prefix = std::max<unsigned>(pool->network.prefix(), family == Family::v4 ? 24 : 64);
  while (prefix > pool->network.prefix() &&
         capacity(IpNetwork(pool->network.address(), prefix)) < hosts) {
    --prefix;
  }
  const std::string_view key = family == Family::v4 ? "ipv4" : "ipv6";
  const auto used_up = [&] {
    draft.source.fail(
        at, fmt::format("no subnet is left in {} of [lab] {}", pool->network.to_string(), key),
        fmt::format("write a larger {} (a link takes a /{}), or `subnet` here", key, prefix));
  };
  std::optional<IpAddress> next = pool->next;
  if (pool->exhausted) used_up();
  for (;;) {
    // Up to the next multiple of the subnet's size.
    IpNetwork candidate(*next, prefix);
    if (candidate.address() != *next) {
      next = advance(candidate.address(), bits - prefix, 1);
      if (!next) used_up();
      candidate = IpNetwork(*next, prefix);
    }
    if (!covers(pool->network, candidate)) used_up();
    const auto blocked = std::ranges::find_if(
        draft.networks, [&](const auto& known) { return overlaps(known.value, candidate); });
    const IpNetwork& past =
        blocked != draft.networks.end() && blocked->value.prefix() < candidate.prefix()
            ? blocked->value
            : candidate;
    next = advance(past.address(), bits - past.prefix(), 1);
    if (blocked == draft.networks.end()) {
      pool->exhausted = !next;
      pool->next = next.value_or(pool->next);
      draft.networks.push_back({candidate, at});
      return candidate;
    }
    if (!next) used_up();
  }
}

void use_address(Draft& draft, const IpAddress& address, config::Position at,
                 std::string_view key) {
  const auto [known, is_new] = draft.addresses.emplace(address, at);
  if (is_new) return;
  draft.source.fail(at, fmt::format("`{}`: {} is given out already (line {})", key,
                                    address.to_string(), known->second.line));
}

IpAddress next_address(Draft& draft, const IpNetwork& network, std::uint64_t& number,
                       config::Position at) {
  const std::uint64_t end = first_host(network) + capacity(network);
  for (; number < end; ++number) {
    const auto address = address_in(network, number);
    if (!address) break;
    if (draft.addresses.emplace(*address, at).second) return *address;
  }
  draft.source.fail(at,
                    fmt::format("{} has room for {} addresses, and more are needed",
                                network.to_string(), capacity(network)),
                    "write a larger network");
}

void give_addresses(Draft& draft) {
  Giver(draft).give();
}

}  // namespace warren::lab
