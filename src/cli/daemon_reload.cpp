// Theory of operation. A reload has two halves. The first, prepare(), does what the kernel or the
// device may refuse, and does it by adding: new sockets, further addresses, further peers, their
// networks, and the routes that will be wanted once the peers that go are gone. Whatever it changes
// was remembered before, so a refusal is answered by go_back(), after which nothing has happened: no
// session, no endpoint that was learned and no key has been touched. The second half, settle(), sets
// keys and endpoints, and takes away what is no longer wanted. There is no way back from it, so it
// goes on to its end whatever happens: should the kernel refuse something after all (because
// somebody else changes routes at the same time), the new configuration counts as the one in force
// and the answer says what is missing of it. Nothing is sent or received in between, as all of it is
// one turn of the loop.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <warren/base/error.hpp>

#include "daemon_config.hpp"

namespace warren::cli {
namespace {

std::map<crypto::PublicKey, const config::Peer*> by_key(const config::Tunnel& tunnel) {
  std::map<crypto::PublicKey, const config::Peer*> peers;
  for (const config::Peer& peer : tunnel.peers) peers.emplace(peer.public_key, &peer);
  return peers;
}

}  // namespace

struct ConfiguredTunnel::Before {
  std::uint16_t listen_port = 0;
  std::uint32_t fwmark = 0;
  std::uint32_t mtu = 0;
  std::uint32_t own_mtu = 0;
  std::vector<base::InterfaceAddress> addresses;
  std::map<protocol::PeerId, std::vector<base::IpNetwork>> allowed_ips;
};

std::optional<control::ReloadError> ConfiguredTunnel::reload() {
  try {
    config::Tunnel next = config::load(current_.file);
    const config::Interface& old = current_.interface;
    if (next.interface.name != old.name || next.interface.kind != old.kind ||
        next.interface.hub != old.hub || next.interface.cipher != old.cipher) {
      return control::ReloadError{
          .message = "name, kind, hub and cipher cannot be changed while the tunnel is up",
          .hint = "take it down and up again"};
    }
    if (next.engine != current_.engine) {
      return control::ReloadError{
          .message = "what stands in [engine] cannot be changed while the tunnel is up",
          .hint = "take it down and up again"};
    }
    auto missing = change_or_go_back(next);
    current_ = std::move(next);
    if (daemon_.is_away()) {
      spdlog::warn("{} is in another network namespace: its addresses, MTU and routes stay",
                   old.name);
    }
    return missing;
  } catch (const config::ConfigError& error) {
    return control::ReloadError{error.what(), error.hint(), true};
  } catch (const base::Error& error) {
    return control::ReloadError{error.what(), error.hint(), false};
  } catch (const std::exception& error) {
    return control::ReloadError{error.what(), {}, false};
  }
}

// Returns what was refused once it was too late to go back.
std::optional<control::ReloadError> ConfiguredTunnel::change_or_go_back(
    const config::Tunnel& next) {
  const Before before = remember();
  std::set<crypto::PublicKey> added;
  try {
    prepare(next, added);
  } catch (...) {
    go_back(before);
    throw;
  }
  return settle(next, added);
}

ConfiguredTunnel::Before ConfiguredTunnel::remember() {
  Before before{.listen_port = daemon_.listen_port(),
                .fwmark = daemon_.fwmark(),
                .mtu = daemon_.mtu(),
                .own_mtu = own_mtu_,
                .addresses = {},
                .allowed_ips = {}};
  if (!daemon_.is_away()) before.addresses = daemon_.netlink().addresses(daemon_.index());
  const protocol::Device& device = daemon_.device();
  for (const protocol::PeerId id : device.peers()) {
    before.allowed_ips.emplace(id, device.allowed_ips(id));
  }
  return before;
}

// What is refused most often comes first, so that little has to be undone.
void ConfiguredTunnel::prepare(const config::Tunnel& next, std::set<crypto::PublicKey>& added) {
  const config::Interface& from = current_.interface;
  const config::Interface& to = next.interface;
  if (from.listen_port != to.listen_port) daemon_.engine().set_listen_port(to.listen_port);
  if (from.fwmark != to.fwmark) daemon_.engine().set_fwmark(to.fwmark);
  if (from.mtu != to.mtu && !daemon_.is_away()) {
    own_mtu_ = to.mtu ? 0 : mtu_now(next);
    daemon_.netlink().set_mtu(daemon_.index(), to.mtu.value_or(own_mtu_));
    daemon_.refresh_link();
  }
  if (from.addresses != to.addresses) change_addresses({}, to);
  prepare_peers(next, added);
  prepare_routes(next);
}

void ConfiguredTunnel::prepare_peers(const config::Tunnel& next,
                                     std::set<crypto::PublicKey>& added) {
  protocol::Device& device = daemon_.device();
  const auto old = by_key(current_);
  for (const config::Peer& peer : next.peers) {
    auto id = device.find_peer(peer.public_key);
    const auto it = old.find(peer.public_key);
    if (id && it != old.end() && it->second->allowed_ips == peer.allowed_ips) continue;
    // The key that is ours until settle() changes it cannot be a peer's yet.
    if (!id && device.public_key() == peer.public_key) continue;
    if (!id) {
      id = add_peer(peer.public_key);
      added.insert(peer.public_key);
    }
    set_allowed_ips(*id, peer.allowed_ips);
  }
}

// A network of a peer that stays may get a route only because a wider one goes with its peer. Such a
// route can be refused like any other, so the peers that settle() removes do not count here. What is
// routed now stays so until then.
void ConfiguredTunnel::prepare_routes(const config::Tunnel& next) {
  if (!may_set_routes()) return;
  const protocol::Device& device = daemon_.device();
  const auto old = by_key(current_);
  const auto kept = by_key(next);
  const crypto::PublicKey own = crypto::public_key_of(next.interface.private_key);
  std::vector<base::IpNetwork> allowed;
  for (const protocol::PeerId id : device.peers()) {
    const crypto::PublicKey key = device.status(id).public_key;
    if (key == own || (old.contains(key) && !kept.contains(key))) continue;
    const auto networks = device.allowed_ips(id);
    allowed.insert(allowed.end(), networks.begin(), networks.end());
  }
  for (const auto& [key, peer] : kept) {
    if (device.find_peer(key)) continue;  // else settle() adds it, see prepare_peers()
    allowed.insert(allowed.end(), peer->allowed_ips.begin(), peer->allowed_ips.end());
  }
  const auto wanted = wanted_routes(next.interface, allowed);
  routes_.add(wanted, daemon_.fwmark());
}

std::optional<control::ReloadError> ConfiguredTunnel::settle(
    const config::Tunnel& next, const std::set<crypto::PublicKey>& added) {
  std::optional<control::ReloadError> missing;
  const auto attempt = [&](const std::function<void()>& step) {
    try {
      step();
    } catch (const base::Error& error) {
      if (missing) {
        spdlog::error("also refused: {}", error_text(error));
        return;
      }
      missing = control::ReloadError{
          .message = fmt::format("the new configuration is in force, but not all of it: {}",
                                 error.what()),
          .hint = error.hint(),
          .applied = true};
    }
  };
  protocol::Device& device = daemon_.device();
  if (!(current_.interface.private_key == next.interface.private_key)) {
    device.set_private_key(daemon_.now(), next.interface.private_key.clone());
  }
  const auto old = by_key(current_);
  const auto kept = by_key(next);
  for (const auto& [key, peer] : old) {
    if (kept.contains(key)) continue;
    names_.remove(key);
    if (const auto id = device.find_peer(key)) device.remove_peer(*id);
  }
  for (const config::Peer& peer : next.peers) {
    const auto it = old.find(peer.public_key);
    // Who was removed with `wg` meanwhile is new.
    const bool is_new = it == old.end() || added.contains(peer.public_key);
    attempt([&] { change_peer(is_new ? nullptr : it->second, peer); });
  }
  if (current_.interface.addresses != next.interface.addresses) {
    attempt([&] { change_addresses(current_.interface, next.interface); });
  }
  attempt([&] { follow_routes(next.interface); });
  return missing;
}

void ConfiguredTunnel::go_back(const Before& before) {
  const auto attempt = [](const std::function<void()>& step) {
    try {
      step();
    } catch (const base::Error& error) {
      spdlog::error("while going back to the old configuration: {}", error_text(error));
    }
  };
  protocol::Device& device = daemon_.device();
  system::Netlink& netlink = daemon_.netlink();
  // The very port, also where the kernel chose it: the peers know it.
  attempt([&] { daemon_.engine().set_listen_port(before.listen_port); });
  if (daemon_.fwmark() != before.fwmark) {
    attempt([&] { daemon_.engine().set_fwmark(before.fwmark); });
  }
  for (const protocol::PeerId id : device.peers()) {
    if (!before.allowed_ips.contains(id)) device.remove_peer(id);
  }
  for (const auto& [id, networks] : before.allowed_ips) set_allowed_ips(id, networks);
  own_mtu_ = before.own_mtu;
  if (!daemon_.is_away()) {
    attempt([&] {
      daemon_.refresh_link();
      if (daemon_.mtu() == before.mtu) return;
      netlink.set_mtu(daemon_.index(), before.mtu);
      daemon_.refresh_link();
    });
    // Those that are there may have gone with an MTU that was too small for IPv6.
    attempt([&] {
      const auto now = netlink.addresses(daemon_.index());
      for (const auto& address : now) {
        if (std::find(before.addresses.begin(), before.addresses.end(), address) ==
            before.addresses.end()) {
          netlink.remove_address(daemon_.index(), address);
        }
      }
      for (const auto& address : before.addresses) {
        if (std::find(now.begin(), now.end(), address) == now.end()) {
          netlink.add_address(daemon_.index(), address);
        }
      }
    });
    routes_.check_again();
  }
  attempt([&] { follow_routes(current_.interface); });
}

}  // namespace warren::cli
