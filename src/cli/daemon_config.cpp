#include "daemon_config.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>
#include <vector>

#include <warren/base/error.hpp>

namespace warren::cli {
namespace {

constexpr std::uint32_t kTunnelBytes = 80;  // IPv6 40, UDP 8, transport data 16 and 16
constexpr std::uint32_t kEthernetBytes = 14;
constexpr std::uint32_t kSmallestMtu = 1280;  // IPv6's
constexpr std::uint32_t kUsualMtu = 1420;

bool same_key(const std::optional<crypto::PresharedKey>& a,
              const std::optional<crypto::PresharedKey>& b) {
  return a.has_value() == b.has_value() && (!a || *a == *b);
}

bool has_default_route(const std::set<base::IpNetwork>& networks) {
  return std::any_of(networks.begin(), networks.end(),
                     [](const base::IpNetwork& network) { return network.prefix() == 0; });
}

template <class T>
bool contains(const std::vector<T>& list, const T& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

}  // namespace

std::uint32_t automatic_mtu(
    system::Netlink& netlink, const config::Tunnel& tunnel,
    const std::function<std::optional<base::Endpoint>(const config::Peer&)>& endpoint_of) {
  const bool is_tap = tunnel.interface.kind == config::Kind::tap;
  const std::uint32_t overhead = kTunnelBytes + (is_tap ? kEthernetBytes : 0);
  std::optional<std::uint32_t> smallest;
  for (const config::Peer& peer : tunnel.peers) {
    const auto endpoint = endpoint_of(peer);
    if (!endpoint) continue;
    const auto mtu = netlink.route_mtu(*endpoint, tunnel.interface.fwmark);
    if (mtu) smallest = std::min(*mtu, smallest.value_or(*mtu));
  }
  if (!smallest) return kUsualMtu - (is_tap ? kEthernetBytes : 0);
  return std::max(kSmallestMtu, *smallest > overhead ? *smallest - overhead : 0);
}

std::uint32_t automatic_mtu(system::Netlink& netlink, const config::Tunnel& tunnel) {
  return automatic_mtu(netlink, tunnel, [](const config::Peer& peer) {
    return peer.endpoint ? peer.endpoint->literal : std::nullopt;
  });
}

ConfiguredTunnel::ConfiguredTunnel(Daemon& daemon, config::Tunnel tunnel)
    : daemon_(daemon),
      current_(std::move(tunnel)),
      routes_(daemon.netlink(), daemon.index()),
      names_(daemon,
             [this](const auto& key, const auto& endpoint) { endpoint_resolved(key, endpoint); }) {
  current_.file = std::filesystem::absolute(current_.file);
  daemon_.configuration_file = current_.file.native();
  daemon_.on_reload = [this] { return reload(); };
  daemon_.name_of_peer = [this](const crypto::PublicKey& key) {
    const config::Peer* peer = find(current_, key);
    return peer != nullptr ? peer->name : std::string{};
  };
  daemon_.on_event = [this](const protocol::Event& event) {
    if (event.kind != protocol::Event::Kind::handshake_retry || !event.peer) return;
    names_.unanswered(daemon_.device().status(*event.peer).public_key);
  };
  daemon_.on_peers_changed = [this] {
    try {
      follow_routes(current_.interface);
    } catch (const base::Error& error) {
      spdlog::error("{}", error_text(error));
    }
  };

  if (!current_.interface.mtu) own_mtu_ = daemon_.mtu();
  system::Netlink& netlink = daemon_.netlink();
  daemon_.device().set_private_key(daemon_.now(), current_.interface.private_key.clone());
  for (const config::Peer& peer : current_.peers) change_peer(nullptr, peer);
  for (const auto& address : current_.interface.addresses) {
    netlink.add_address(daemon_.index(), address);
  }
  netlink.set_link_up(daemon_.index(), true);
  daemon_.refresh_link();
  follow_routes(current_.interface);
  daemon_.on_link_up = [this] { restore_after_up(); };
}

ConfiguredTunnel::~ConfiguredTunnel() {
  daemon_.on_reload = nullptr;
  daemon_.name_of_peer = nullptr;
  daemon_.on_event = nullptr;
  daemon_.on_peers_changed = nullptr;
  daemon_.on_link_up = nullptr;
}

// When an interface goes down, the kernel takes away its routes and its IPv6 addresses.
void ConfiguredTunnel::restore_after_up() {
  try {
    change_addresses({}, current_.interface);
    follow_routes(current_.interface);
  } catch (const base::Error& error) {
    spdlog::warn("{}", error_text(error));
  }
}

void ConfiguredTunnel::change_addresses(const config::Interface& from,
                                        const config::Interface& to) {
  if (daemon_.is_away()) return;
  system::Netlink& netlink = daemon_.netlink();
  for (const auto& address : from.addresses) {
    if (!contains(to.addresses, address)) netlink.remove_address(daemon_.index(), address);
  }
  // All of them: removing an address may take others of its subnet, and routes, along.
  for (const auto& address : to.addresses) netlink.add_address(daemon_.index(), address);
  routes_.check_again();
}

std::uint32_t ConfiguredTunnel::mtu_now(const config::Tunnel& tunnel) {
  const protocol::Device& device = daemon_.device();
  return automatic_mtu(daemon_.netlink(), tunnel,
                       [&device](const config::Peer& peer) -> std::optional<base::Endpoint> {
                         if (!peer.endpoint || peer.endpoint->literal) {
                           return peer.endpoint ? peer.endpoint->literal : std::nullopt;
                         }
                         const auto id = device.find_peer(peer.public_key);
                         if (!id) return std::nullopt;
                         const auto path = device.status(*id).path;
                         return path ? std::optional(path->remote) : std::nullopt;
                       });
}

// A name was resolved: now the way to it tells its MTU. One that somebody else has set stays.
void ConfiguredTunnel::follow_mtu() {
  if (own_mtu_ == 0 || daemon_.is_away() || daemon_.mtu() != own_mtu_) return;
  try {
    const std::uint32_t mtu = mtu_now(current_);
    if (mtu == own_mtu_) return;
    daemon_.netlink().set_mtu(daemon_.index(), mtu);
    own_mtu_ = mtu;
    daemon_.refresh_link();
  } catch (const base::Error& error) {
    spdlog::warn("{}", error_text(error));
  }
}

void ConfiguredTunnel::change_peer(const config::Peer* from, const config::Peer& to) {
  protocol::Device& device = daemon_.device();
  const base::Now now = daemon_.now();
  auto id = device.find_peer(to.public_key);
  if (!id) {
    from = nullptr;  // removed with `wg` meanwhile: all of it is new
    id = add_peer(to.public_key);
  }
  if (from == nullptr ? to.preshared_key.has_value()
                      : !same_key(from->preshared_key, to.preshared_key)) {
    device.set_preshared_key(*id,
                             to.preshared_key ? to.preshared_key->clone() : crypto::PresharedKey{});
  }
  if (from == nullptr || from->allowed_ips != to.allowed_ips) {
    set_allowed_ips(*id, to.allowed_ips);
  }
  if (from == nullptr || from->endpoint != to.endpoint) set_endpoint(to);
  if (from == nullptr || from->persistent_keepalive_s != to.persistent_keepalive_s) {
    device.set_persistent_keepalive(now, *id, std::chrono::seconds(to.persistent_keepalive_s));
  }
}

protocol::PeerId ConfiguredTunnel::add_peer(const crypto::PublicKey& key) {
  const auto id = daemon_.device().add_peer(daemon_.now(), key);
  if (id) return *id;
  throw base::Error(fmt::format("cannot add peer {}", key.to_base64()),
                    "its public key is this interface's own, or there are too many peers");
}

void ConfiguredTunnel::set_allowed_ips(protocol::PeerId peer,
                                       const std::vector<base::IpNetwork>& networks) {
  protocol::Device& device = daemon_.device();
  const std::set<base::IpNetwork> wanted(networks.begin(), networks.end());
  for (const base::IpNetwork& network : device.allowed_ips(peer)) {
    if (!wanted.contains(network)) device.disallow_ip(peer, network);
  }
  for (const base::IpNetwork& network : networks) device.allow_ip(peer, network);
}

// Without an endpoint in the configuration the peer keeps the one that it was last seen at.
void ConfiguredTunnel::set_endpoint(const config::Peer& peer) {
  names_.remove(peer.public_key);
  if (!peer.endpoint) return;
  if (!peer.endpoint->literal) {
    names_.add(peer.public_key, *peer.endpoint);
    return;
  }
  if (const auto id = daemon_.device().find_peer(peer.public_key)) {
    daemon_.device().set_endpoint(*id, *peer.endpoint->literal);
  }
}

void ConfiguredTunnel::endpoint_resolved(const crypto::PublicKey& key,
                                         const base::Endpoint& endpoint) {
  protocol::Device& device = daemon_.device();
  const auto id = device.find_peer(key);
  if (!id) return;
  const protocol::PeerStatus status = device.status(*id);
  if (status.path && status.path->remote == endpoint) return;
  device.set_endpoint(*id, endpoint);
  follow_mtu();
  if (status.path) return;  // the handshake that runs goes to the new endpoint
  // Nothing could be sent before: what waits goes now, and so does the first keepalive.
  const base::Now now = daemon_.now();
  if (status.persistent_keepalive > base::Duration{0}) {
    device.set_persistent_keepalive(now, *id, base::Duration{0});
    device.set_persistent_keepalive(now, *id, status.persistent_keepalive);
  }
  device.flush_staged(now, *id);
}

void ConfiguredTunnel::follow_routes(const config::Interface& interface) {
  if (!may_set_routes()) return;
  const protocol::Device& device = daemon_.device();
  std::vector<base::IpNetwork> allowed;
  for (const protocol::PeerId id : device.peers()) {
    const auto networks = device.allowed_ips(id);
    allowed.insert(allowed.end(), networks.begin(), networks.end());
  }
  const auto wanted = wanted_routes(interface, allowed);
  routes_.set(wanted, daemon_.fwmark());
  const bool has_own_mark = interface.fwmark == 0 && daemon_.fwmark() == routes_.own_mark();
  if (!has_default_route(wanted) && has_own_mark) daemon_.engine().set_fwmark(0);
}

bool ConfiguredTunnel::may_set_routes() {
  if (daemon_.is_away() || routes_.index() != daemon_.index()) {
    routes_.start_over(daemon_.index());
  }
  if (daemon_.is_away()) return false;
  if (!daemon_.device().is_up()) routes_.check_again();  // restore_after_up goes on there
  return daemon_.device().is_up();
}

// The networks that get a route when `allowed` are the peers'. The sockets have the mark that those
// need from here on.
std::set<base::IpNetwork> ConfiguredTunnel::wanted_routes(
    const config::Interface& interface, const std::vector<base::IpNetwork>& allowed) {
  if (!interface.routes || interface.kind != config::Kind::tun) return {};
  auto wanted = networks_to_route(allowed, interface.addresses);
  // The tunnel's own datagrams must not go into the tunnel.
  if (has_default_route(wanted) && daemon_.fwmark() == 0) {
    daemon_.engine().set_fwmark(routes_.own_mark());
  }
  return wanted;
}

const config::Peer* ConfiguredTunnel::find(const config::Tunnel& tunnel,
                                           const crypto::PublicKey& key) const {
  const auto it = std::find_if(tunnel.peers.begin(), tunnel.peers.end(),
                               [&](const config::Peer& peer) { return peer.public_key == key; });
  return it == tunnel.peers.end() ? nullptr : &*it;
}

}  // namespace warren::cli
