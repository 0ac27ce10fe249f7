// [[tunnel]]: ends, addresses inside, and where each end reaches each other outside.
#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <set>
#include <string>
#include <utility>

#include <warren/config/values.hpp>

#include "addresses.hpp"
#include "draft.hpp"
#include "limits.hpp"
#include "reach.hpp"
#include "structure.hpp"
#include "subnets.hpp"

namespace warren::lab {
namespace {

using config::in_quotes;

constexpr std::uint16_t kDefaultPort = 51820;

class TunnelReader {
 public:
  TunnelReader(Draft& draft, Reach& reach, const Fields& fields)
      : draft_(draft), reach_(reach), fields_(fields) {}

  Tunnel read() {
    tunnel_.place = place_of(fields_.at());
    read_name();
    read_ends();
    tunnel_.ethernet = fields_.text("mode") == "tap";
    tunnel_.cipher = fields_.text("cipher").value_or(tunnel_.cipher);
    if (const auto mtu = fields_.integer("mtu")) tunnel_.mtu = static_cast<std::uint32_t>(*mtu);
    read_keepalive();
    read_hub();
    read_ports();
    give_addresses();
    read_subnets();
    find_underlays();
    return std::move(tunnel_);
  }

 private:
  [[nodiscard]] const Node& node_of(const TunnelEnd& end) const {
    return draft_.topology.node(end.node);
  }

  void read_name() {
    tunnel_.name = *fields_.text("name");
    fields_.check("name", fields_.at("name"), check_device_name(tunnel_.name));
    // It names a file and a log as well.
    fields_.check("name", fields_.at("name"), check_name(tunnel_.name));
    if (draft_.tunnels.contains(tunnel_.name)) {
      fields_.fail("name",
                   fmt::format("a tunnel called {} is there already", in_quotes(tunnel_.name)));
    }
  }

  void read_ends() {
    const auto ends = fields_.texts("ends");
    if (ends.size() < 2) {
      fields_.fail("ends", "a tunnel has two or more ends", "ends = [\"alice\", \"bob\"]");
    }
    for (const auto& [name, at] : ends) {
      TunnelEnd end;
      end.node = draft_.find_host("ends", name, at);
      if (index_of(end.node)) {
        fields_.fail(at, "ends", {fmt::format("{} is there twice", in_quotes(name)), {}});
      }
      const Node& node = draft_.topology.node(end.node);
      draft_.take_log(fields_, "name", node, tunnel_.name);
      if (std::ranges::find(node.interfaces, tunnel_.name, &Interface::name) !=
          node.interfaces.end()) {
        fields_.fail("name", fmt::format("{} has an interface {} already", node.name,
                                         in_quotes(tunnel_.name)));
      }
      tunnel_.ends.push_back(std::move(end));
    }
  }

  [[nodiscard]] std::optional<std::uint32_t> index_of(NodeId node) const {
    const auto found = std::ranges::find(tunnel_.ends, node, &TunnelEnd::node);
    if (found == tunnel_.ends.end()) return {};
    return static_cast<std::uint32_t>(found - tunnel_.ends.begin());
  }

  /// The index of the end of that name.
  [[nodiscard]] std::uint32_t end_of(std::string_view key, std::string_view name,
                                     config::Position at) const {
    for (std::uint32_t i = 0; i < tunnel_.ends.size(); ++i) {
      if (node_of(tunnel_.ends[i]).name == name) return i;
    }
    std::vector<std::string_view> names;
    names.reserve(tunnel_.ends.size());
    for (const TunnelEnd& end : tunnel_.ends) names.push_back(node_of(end).name);
    fail_unknown(draft_.source, at, key, fmt::format("end of {}", tunnel_.name), name, names);
  }

  void read_keepalive() {
    std::int64_t seconds = fields_.integer("keepalive").value_or(0);
    if (const auto duration = fields_.duration("keepalive")) {
      seconds = std::chrono::floor<std::chrono::seconds>(*duration).count();
      if (std::chrono::seconds(seconds) != *duration) {
        fields_.fail("keepalive", "it is counted in whole seconds", "keepalive = 25");
      }
      if (seconds > std::numeric_limits<std::uint16_t>::max()) {
        fields_.fail("keepalive", "it is at most 65535 seconds", "keepalive = 25");
      }
    }
    tunnel_.persistent_keepalive_s = static_cast<std::uint16_t>(seconds);
  }

  void read_hub() {
    if (const auto hub = fields_.text("hub")) {
      tunnel_.hub = end_of("hub", *hub, fields_.at("hub"));
    }
  }

  /// The ports that other tunnels have in the same node.
  [[nodiscard]] std::set<std::uint16_t> ports_in_use(NodeId node) const {
    std::set<std::uint16_t> ports;
    for (const Tunnel& tunnel : draft_.topology.tunnels) {
      for (const TunnelEnd& end : tunnel.ends) {
        if (end.node == node) ports.insert(end.port);
      }
    }
    return ports;
  }

  void read_ports() {
    const auto written = fields_.integer("port");
    for (TunnelEnd& end : tunnel_.ends) {
      const std::set<std::uint16_t> used = ports_in_use(end.node);
      end.port = written ? static_cast<std::uint16_t>(*written) : kDefaultPort;
      if (written && used.contains(end.port)) {
        fields_.fail("port",
                     fmt::format("another tunnel of {} has port {}", node_of(end).name, end.port));
      }
      while (used.contains(end.port)) ++end.port;
    }
  }

  void give_addresses() {
    std::vector<Placed<base::IpNetwork>> networks;
    for (const auto& [text, at] : fields_.texts("network")) {
      // They were checked and reserved before any subnet was given out.
      networks.push_back({*config::parse_network(text), at});
    }
    if (networks.empty()) {
      for (const base::Family family : {base::Family::v4, base::Family::v6}) {
        const auto network = take_subnet(draft_, family, tunnel_.ends.size(), fields_.at());
        if (network) networks.push_back({*network, fields_.at()});
      }
    }
    if (networks.empty()) {
      draft_.source.fail(fields_.at(), "`network` is missing: there is none to take it from",
                         "network = \"10.99.0.0/24\"");
    }
    for (const auto& [network, at] : networks) {
      if (!network.address().is_v4() && tunnel_.mtu && *tunnel_.mtu < kMinMtuV6) {
        fields_.fail("mtu", fmt::format("{} is too small for IPv6, which needs {}", *tunnel_.mtu,
                                        kMinMtuV6));
      }
      std::uint64_t number = first_host(network);
      for (TunnelEnd& end : tunnel_.ends) {
        end.addresses.push_back({.address = next_address(draft_, network, number, at),
                                 .prefix = static_cast<std::uint8_t>(network.prefix())});
      }
    }
  }

  void read_subnets() {
    const auto subnets = fields_.inner("subnets");
    if (!subnets) return;
    if (tunnel_.ethernet) {
      draft_.source.fail(fields_.find("subnets")->at,
                         "`subnets` are behind the ends of a tunnel for IP packets",
                         "leave mode = \"tap\" out: Ethernet frames find their way by themselves");
    }
    std::vector<Placed<base::IpNetwork>> known;
    for (const config::Entry& entry : subnets->table().entries) {
      TunnelEnd& end = tunnel_.ends[end_of("subnets", entry.key, entry.at)];
      for (const auto& [text, at] : subnets->texts(entry.key)) {
        const auto network = subnets->take("subnets", at, config::parse_network(text));
        check_subnet(network, at, known);
        known.push_back({network, at});
        end.subnets.push_back(network);
      }
    }
  }

  /// Packets for one network cannot go to two ends.
  void check_subnet(const base::IpNetwork& network, config::Position at,
                    const std::vector<Placed<base::IpNetwork>>& known) const {
    for (const auto& other : known) {
      if (!overlaps(other.value, network)) continue;
      fields_.fail(at, "subnets",
                   {fmt::format("{} overlaps {} (line {})", network.to_string(),
                                other.value.to_string(), other.at.line),
                    "each network is behind one end"});
    }
    for (const auto& address : tunnel_.ends.front().addresses) {
      if (!overlaps(address.network(), network)) continue;
      fields_.fail(at, "subnets",
                   {fmt::format("{} overlaps the tunnel's own {}", network.to_string(),
                                address.network().to_string()),
                    {}});
    }
  }

  /// The address of `to` that `from` reaches over the fewest nodes.
  [[nodiscard]] std::optional<std::pair<base::IpAddress, std::uint32_t>> reach(NodeId from,
                                                                               NodeId to) const {
    std::optional<std::pair<base::IpAddress, std::uint32_t>> best;
    const auto& ways = reach_.ways(from);
    for (const Interface& interface : draft_.topology.node(to).interfaces) {
      for (const auto& address : interface.addresses) {
        const auto& networks = reach_.networks();
        const auto network = std::ranges::find(networks, address.network());
        const auto& way = ways[static_cast<std::size_t>(network - networks.begin())];
        if (way && (!best || way->distance < best->second)) {
          best = {address.address, way->distance};
        }
      }
    }
    return best;
  }

  [[nodiscard]] bool are_peers(std::size_t a, std::size_t b) const {
    return a != b && (!tunnel_.hub || *tunnel_.hub == a || *tunnel_.hub == b);
  }

  void find_underlays() {
    for (std::size_t to = 0; to < tunnel_.ends.size(); ++to) {
      TunnelEnd& end = tunnel_.ends[to];
      end.reached_at.resize(tunnel_.ends.size());
      for (std::size_t from = 0; from < tunnel_.ends.size(); ++from) {
        if (!are_peers(from, to)) continue;
        const auto best = reach(tunnel_.ends[from].node, end.node);
        if (best) end.reached_at[from] = best->first;
      }
    }
    for (std::size_t a = 0; a < tunnel_.ends.size(); ++a) {
      for (std::size_t b = a + 1; b < tunnel_.ends.size(); ++b) {
        if (!are_peers(a, b)) continue;
        const TunnelEnd &first = tunnel_.ends[a], &second = tunnel_.ends[b];
        if (first.reached_at[b] || second.reached_at[a]) continue;
        fields_.fail("ends",
                     fmt::format("neither {} nor {} reaches the other: there is no way, or a NAT "
                                 "hides both",
                                 node_of(first).name, node_of(second).name),
                     "write hub = \"…\": an end that all others reach");
      }
    }
  }

  Draft& draft_;
  Reach& reach_;
  const Fields& fields_;
  Tunnel tunnel_;
};

}  // namespace

void read_tunnels(Draft& draft) {
  // Only the ways outside tunnels are asked for here.
  Reach reach(draft.topology);
  for (const Fields& fields : draft.document.list("tunnel")) {
    if (draft.topology.tunnels.size() == kMaxTunnels) {
      draft.source.fail(fields.at(), fmt::format("more than {} tunnels", kMaxTunnels));
    }
    Tunnel tunnel = TunnelReader(draft, reach, fields).read();
    draft.tunnels.emplace(tunnel.name,
                          TunnelId(static_cast<std::uint32_t>(draft.topology.tunnels.size())));
    draft.topology.tunnels.push_back(std::move(tunnel));
  }
}

}  // namespace warren::lab
