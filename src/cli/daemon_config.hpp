// A running tunnel's configuration: brought into force at the start, and changed while it runs
// without touching what stays the same.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <vector>

#include <warren/config/model.hpp>
#include <warren/system/netlink.hpp>

#include "daemon.hpp"
#include "daemon_names.hpp"
#include "daemon_routes.hpp"

namespace warren::cli {

/// The interface's MTU where the configuration has none: the smallest MTU among the ways to the
/// endpoints, less the 80 bytes that a tunnel costs over IPv6 (for Ethernet 14 more), at least
/// 1280; 1420 where no endpoint tells. `endpoint_of` says where a peer is, if that is known.
std::uint32_t automatic_mtu(
    system::Netlink& netlink, const config::Tunnel& tunnel,
    const std::function<std::optional<base::Endpoint>(const config::Peer&)>& endpoint_of);
/// The same before any name is resolved: of the endpoints that are addresses.
std::uint32_t automatic_mtu(system::Netlink& netlink, const config::Tunnel& tunnel);

class ConfiguredTunnel {
 public:
  /// Brings `tunnel` into force on `daemon`'s new interface and hooks itself into the daemon, which
  /// is borrowed. Throws base::Error.
  ConfiguredTunnel(Daemon& daemon, config::Tunnel tunnel);
  ConfiguredTunnel(const ConfiguredTunnel&) = delete;
  ConfiguredTunnel& operator=(const ConfiguredTunnel&) = delete;
  ~ConfiguredTunnel();

 private:
  /// What a reload may have changed by the time that something is refused.
  struct Before;

  std::optional<control::ReloadError> reload();
  std::optional<control::ReloadError> change_or_go_back(const config::Tunnel& next);
  [[nodiscard]] Before remember();
  void prepare(const config::Tunnel& next, std::set<crypto::PublicKey>& added);
  void prepare_peers(const config::Tunnel& next, std::set<crypto::PublicKey>& added);
  void prepare_routes(const config::Tunnel& next);
  std::optional<control::ReloadError> settle(const config::Tunnel& next,
                                             const std::set<crypto::PublicKey>& added);
  void go_back(const Before& before);
  void change_addresses(const config::Interface& from, const config::Interface& to);
  [[nodiscard]] std::uint32_t mtu_now(const config::Tunnel& tunnel);
  void follow_mtu();
  void change_peer(const config::Peer* from, const config::Peer& to);
  protocol::PeerId add_peer(const crypto::PublicKey& key);
  void set_allowed_ips(protocol::PeerId peer, const std::vector<base::IpNetwork>& networks);
  void set_endpoint(const config::Peer& peer);
  void endpoint_resolved(const crypto::PublicKey& key, const base::Endpoint& endpoint);
  void restore_after_up();
  void follow_routes(const config::Interface& interface);
  bool may_set_routes();
  std::set<base::IpNetwork> wanted_routes(const config::Interface& interface,
                                          const std::vector<base::IpNetwork>& allowed);
  [[nodiscard]] const config::Peer* find(const config::Tunnel& tunnel,
                                         const crypto::PublicKey& key) const;

  Daemon& daemon_;
  config::Tunnel current_;
  Routes routes_;
  EndpointNames names_;
  std::uint32_t own_mtu_ = 0;  // the one set last because the configuration has none; 0: none was
};

}  // namespace warren::cli
