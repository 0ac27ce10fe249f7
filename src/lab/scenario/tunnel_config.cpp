#include "tunnel_config.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iterator>
#include <set>

namespace warren::lab {
namespace {

template <class Items>
std::string quoted_list(const Items& items) {
  std::vector<std::string> quoted;
  quoted.reserve(items.size());
  for (const auto& each : items) quoted.push_back(fmt::format("\"{}\"", each.to_string()));
  return fmt::format("[{}]", fmt::join(quoted, ", "));
}

void add_networks_of(const TunnelEnd& end, std::set<base::IpNetwork>& networks) {
  for (const base::InterfaceAddress& each : end.addresses) {
    networks.insert({each.address, each.address.bits()});
  }
  networks.insert(end.subnets.begin(), end.subnets.end());
}

/// No peer may have another one's network (allowed IPs are a map), and none has what is our own.
void remove_networks_of(const TunnelEnd& end, std::set<base::IpNetwork>& networks) {
  std::set<base::IpNetwork> own;
  add_networks_of(end, own);
  for (const base::IpNetwork& each : own) networks.erase(each);
}

}  // namespace

std::vector<std::size_t> peers_of(const Tunnel& tunnel, std::size_t end) {
  if (tunnel.hub && *tunnel.hub != end) return {*tunnel.hub};
  std::vector<std::size_t> peers;
  for (std::size_t i = 0; i < tunnel.ends.size(); ++i) {
    if (i != end) peers.push_back(i);
  }
  return peers;
}

std::vector<base::IpNetwork> allowed_ips(const Tunnel& tunnel, std::size_t end, std::size_t other) {
  std::set<base::IpNetwork> networks;
  add_networks_of(tunnel.ends.at(other), networks);
  if (tunnel.hub == other) {
    for (std::size_t i = 0; i < tunnel.ends.size(); ++i) {
      if (i != end) add_networks_of(tunnel.ends[i], networks);
    }
    // The tunnel's whole network, so that the spokes' routes need not be many.
    for (const base::InterfaceAddress& each : tunnel.ends[other].addresses) {
      networks.insert(each.network());
    }
  }
  remove_networks_of(tunnel.ends.at(end), networks);
  return {networks.begin(), networks.end()};
}

std::string tunnel_config(const Topology& topology, const Tunnel& tunnel, std::size_t end,
                          std::span<const crypto::SecretKey> keys) {
  const TunnelEnd& own = tunnel.ends.at(end);
  std::string text =
      fmt::format("# {} at {}, made for the lab {}\n[interface]\nname = \"{}\"\n", tunnel.name,
                  topology.node(own.node).name, topology.name, tunnel.name);
  auto out = std::back_inserter(text);
  if (tunnel.ethernet) {
    fmt::format_to(out, "kind = \"tap\"\n");
    if (tunnel.hub == end) fmt::format_to(out, "hub = true\n");
  }
  fmt::format_to(out, "cipher = \"{}\"\naddress = {}\nprivate_key = \"{}\"\nlisten_port = {}\n",
                 tunnel.cipher, quoted_list(own.addresses), keys[end].reveal_base64(), own.port);
  if (tunnel.mtu) fmt::format_to(out, "mtu = {}\n", *tunnel.mtu);
  for (const std::size_t other : peers_of(tunnel, end)) {
    const TunnelEnd& peer = tunnel.ends[other];
    fmt::format_to(out, "\n[[peer]]\nname = \"{}\"\npublic_key = \"{}\"\n",
                   topology.node(peer.node).name, crypto::public_key_of(keys[other]).to_base64());
    if (const auto& address = peer.reached_at.at(end)) {
      const base::Endpoint endpoint{*address, peer.port, 0};
      fmt::format_to(out, "endpoint = \"{}\"\n", endpoint.to_string());
    }
    if (!tunnel.ethernet) {
      fmt::format_to(out, "allowed_ips = {}\n", quoted_list(allowed_ips(tunnel, end, other)));
    }
    if (tunnel.persistent_keepalive_s != 0) {
      fmt::format_to(out, "persistent_keepalive = {}\n", tunnel.persistent_keepalive_s);
    }
  }
  return text;
}

}  // namespace warren::lab
