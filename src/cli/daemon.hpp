// The process that runs one tunnel: the TUN device, the protocol, the engine and the control
// sockets put together. `warren up` configures it from a file (daemon_config.hpp), warren-wg leaves
// that to `wg`.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <set>
#include <string>
#include <vector>

#include <warren/control/host.hpp>
#include <warren/control/socket_server.hpp>
#include <warren/crypto/aead.hpp>
#include <warren/engine/engine.hpp>
#include <warren/protocol/device.hpp>
#include <warren/system/file_watch.hpp>
#include <warren/system/netlink.hpp>
#include <warren/system/signals.hpp>
#include <warren/system/tun_device.hpp>
#include <warren/system/tun_follower.hpp>
#include <warren/system/unix_socket.hpp>

#include "daemon_log.hpp"
#include "daemon_sources.hpp"

namespace warren::cli {

struct DaemonOptions {
  std::string name;  ///< of the interface
  protocol::Kind kind = protocol::Kind::tun;
  bool hub = false;
  crypto::Cipher cipher = crypto::Cipher::chacha20_poly1305;
  std::uint32_t mtu = 1420;
  std::uint16_t listen_port = 0;
  std::uint32_t fwmark = 0;
  system::TunOffload tun_offload = system::TunOffload::uso;
  std::optional<crypto::AeadBackend> aead = {};  ///< an available one; empty: the best
  engine::Tuning tuning = {};
};

/// The preferred one of `available`, the backends that there are for `cipher`. Throws base::Error,
/// with the remedy, when there is none.
crypto::AeadBackend choose_backend(crypto::Cipher cipher,
                                   std::span<const crypto::AeadBackend> available);

class Daemon final : public control::Host, public control::Watcher {
 public:
  /// Makes the interface, down, with the MTU, in the calling thread's network namespace.
  /// Termination signals and SIGHUP are blocked from here on and handled in run(). Throws
  /// base::Error.
  explicit Daemon(const DaemonOptions& options);
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  ~Daemon() override;

  /// Serves `wg` at /var/run/wireguard/NAME.sock. Waits up to a second for a process of that name
  /// that is just ending. Throws base::Error.
  void serve_uapi();
  /// Serves `warren status` and the like. Throws base::Error.
  void serve_control();
  /// Ends the process when the socket of `wg` is removed, as wireguard-go does.
  void end_with_uapi_socket();
  /// A part that is missing, for status: shown as degraded.
  void note_feature(engine::Feature feature) { own_features_.push_back(std::move(feature)); }

  /// Runs until shut_down(), a signal, or the interface's end.
  void run();
  /// Whether the interface was deleted under us.
  [[nodiscard]] bool interface_gone() const noexcept { return interface_gone_; }

  engine::Engine& engine() { return *engine_; }
  system::Netlink& netlink() { return netlink_; }
  /// Of the interface as it is now; index() means something to netlink() only while it is not away.
  [[nodiscard]] std::uint32_t index() const noexcept { return link_.index; }
  [[nodiscard]] std::uint32_t mtu() const noexcept { return link_.mtu; }
  /// In another network namespace, whose addresses and routes are not ours to set.
  [[nodiscard]] bool is_away() const noexcept { return link_.away; }
  /// Reads the interface's state again and tells the device: after a change made in this process
  /// that must be in force at once.
  void refresh_link();

  // What who configures the tunnel adds. Unset: nothing.
  std::function<std::optional<control::ReloadError>()> on_reload;
  std::function<void()> on_peers_changed;
  std::function<void()> on_link_up;  ///< somebody has switched the interface on
  std::function<void(const protocol::Event&)> on_event;
  std::function<std::string(const crypto::PublicKey&)> name_of_peer;
  std::string configuration_file;  ///< for status

  // ---- control::Host
  // ------------------------------------------------------------------------------
  protocol::Device& device() override { return device_; }
  base::Now now() override;
  [[nodiscard]] std::uint16_t listen_port() const override { return engine_->listen_port(); }
  int set_listen_port(std::uint16_t port) override;
  [[nodiscard]] std::uint32_t fwmark() const override { return engine_->fwmark(); }
  int set_fwmark(std::uint32_t fwmark) override;
  [[nodiscard]] std::string peer_name(const crypto::PublicKey& key) const override;
  void peers_changed() override;
  [[nodiscard]] nlohmann::json host_status() const override;
  std::optional<control::ReloadError> reload() override;
  void shut_down() override;

  // ---- control::Watcher
  // ---------------------------------------------------------------------------
  std::uint32_t watch(int fd, short events, std::function<void(short)> ready) override;
  void change_watch(std::uint32_t watch, short events) override;
  void unwatch(std::uint32_t watch) noexcept override;

 private:
  void follow_link(const system::TunFollower::State& link);
  void handle_signals();
  void log_event(const protocol::Event& event);
  [[nodiscard]] std::vector<engine::Feature> features() const;
  void log_features();

  // In the order in which they are needed: the engine goes first, the interface after it.
  system::SignalFd signals_;
  mutable system::Netlink netlink_;  // asking changes nothing but its socket
  system::TunDevice tun_;
  crypto::Aead aead_;
  protocol::Device device_;
  std::string name_;  // as the sockets are called
  system::TunFollower::State link_;
  base::Instant started_;
  bool interface_gone_ = false;
  bool stopping_ = false;
  bool aead_forced_;
  std::vector<engine::Feature> own_features_;
  std::set<std::string> told_features_;  // what the log was told of them
  std::unique_ptr<engine::Engine> engine_;
  system::TunFollower follower_;
  std::optional<SourceKeeper> sources_;
  EventLog event_log_;
  std::unique_ptr<system::UnixListener> uapi_listener_;
  std::unique_ptr<system::UnixListener> control_listener_;
  std::optional<system::FileWatch> uapi_watch_;
  std::optional<control::SocketServer> uapi_server_;
  std::optional<control::SocketServer> control_server_;
};

}  // namespace warren::cli
