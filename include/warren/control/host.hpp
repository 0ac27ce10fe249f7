// What control needs of the process that runs a device, besides the protocol::Device itself. The
// engine's thread calls and is called.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include <warren/base/ip.hpp>
#include <warren/base/time.hpp>
#include <warren/protocol/device.hpp>

namespace warren::control {

/// Watches descriptors for the servers; the engine's loop implements it. Level-triggered.
class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual std::uint32_t watch(int fd, short events, std::function<void(short)> ready) = 0;
  virtual void change_watch(std::uint32_t watch, short events) = 0;
  virtual void unwatch(std::uint32_t watch) noexcept = 0;
};

/// Why a reload changed nothing or, where it is `applied`, less than it should have.
struct ReloadError {
  std::string message;
  std::string hint;
  /// The configuration is wrong; otherwise it could not be applied.
  bool wrong_configuration = false;
  /// The new configuration is in force but for what the message tells of.
  bool applied = false;
};

class Host {
 public:
  virtual ~Host() = default;
  virtual protocol::Device& device() = 0;
  virtual base::Now now() = 0;
  [[nodiscard]] virtual std::uint16_t listen_port() const = 0;
  /// 0 or a positive errno (EADDRINUSE, …); on failure the old port stays.
  virtual int set_listen_port(std::uint16_t port) = 0;
  [[nodiscard]] virtual std::uint32_t fwmark() const = 0;
  virtual int set_fwmark(std::uint32_t fwmark) = 0;
  /// The name given to a peer in the configuration; may be empty.
  [[nodiscard]] virtual std::string peer_name(const crypto::PublicKey& key) const = 0;
  /// Called after a UAPI set changed peers: the host adjusts what hangs on them (routes, names).
  virtual void peers_changed() = 0;
  /// Interface name, MTU, link state, features, statistics: what the host adds to status. See
  /// docs/status.schema.json.
  [[nodiscard]] virtual nlohmann::json host_status() const = 0;
  /// Reads the configuration file again and applies the changes. Empty when all of them are.
  virtual std::optional<ReloadError> reload() = 0;
  /// Ends the process cleanly, after the answer has been sent.
  virtual void shut_down() = 0;
};

}  // namespace warren::control
