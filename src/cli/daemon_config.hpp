// A running tunnel's configuration: brought into force at the start, and changed while it runs
// without touching what stays the same.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <warren/config/model.hpp>
#include <warren/system/netlink.hpp>

#include "daemon.hpp"
#include "daemon_names.hpp"
#include "daemon_routes.hpp"

namespace warren::cli {

/// The interface's MTU where the configuration has none: the smallest MTU among the ways to the
/// endpoints that are addresses, less the 80 bytes that a tunnel costs over IPv6 (for Ethernet 14
/// more), at least 1280; 1420 where no endpoint tells. As wg-quick has it.
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
  std::string reload();
  void change(const config::Tunnel& from, const config::Tunnel& to);
  void change_interface(const config::Interface& from, const config::Tunnel& to);
  void change_peers(const config::Tunnel& from, const config::Tunnel& to);
  void change_peer(const config::Peer* from, const config::Peer& to);
  void set_endpoint(const config::Peer& peer);
  void endpoint_resolved(const crypto::PublicKey& key, const base::Endpoint& endpoint);
  void restore_after_up();
  void follow_routes(const config::Interface& interface);
  [[nodiscard]] const config::Peer* find(const config::Tunnel& tunnel,
                                         const crypto::PublicKey& key) const;

  Daemon& daemon_;
  config::Tunnel current_;
  Routes routes_;
  EndpointNames names_;
};

}  // namespace warren::cli
