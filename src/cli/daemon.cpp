#include "daemon.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include <warren/base/error.hpp>
#include <warren/control/control_session.hpp>
#include <warren/control/paths.hpp>
#include <warren/control/uapi.hpp>
#include <warren/system/clock.hpp>
#include <warren/system/sd_notify.hpp>

namespace warren::cli {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

// The kernel would give a TUN device a link-local address and solicit routers through it: packets
// that nobody asked for, sent to whichever peer has ::/0, so that an idle tunnel would not be
// silent.
void turn_off_address_generation(const std::string& name) {
  std::ofstream("/proc/sys/net/ipv6/conf/" + name + "/addr_gen_mode") << "1\n";
}

system::TunKind tun_kind(protocol::Kind kind) {
  return kind == protocol::Kind::tun ? system::TunKind::tun : system::TunKind::tap;
}

// 0, or the errno of what `action` throws.
int error_number_of(const std::function<void()>& action) {
  try {
    action();
    return 0;
  } catch (const base::SystemError& error) {
    spdlog::error("{}", error.what());
    return error.error_number() > 0 ? error.error_number() : EIO;
  } catch (const base::Error& error) {
    spdlog::error("{}", error.what());
    return EIO;
  }
}

}  // namespace

crypto::AeadBackend choose_backend(crypto::Cipher cipher,
                                   std::span<const crypto::AeadBackend> available) {
  if (!available.empty()) return available.front();
  throw base::Error(fmt::format("`cipher` = \"{}\" cannot be used here: this CPU has no AES "
                                "instructions, or libsodium was built without them",
                                crypto::cipher_name(cipher)),
                    fmt::format("take cipher = \"{}\" at both ends",
                                crypto::cipher_name(crypto::Cipher::chacha20_poly1305)));
}

Daemon::Daemon(const DaemonOptions& options)
    : signals_({SIGTERM, SIGINT, SIGHUP}),
      tun_({.name = options.name, .kind = tun_kind(options.kind), .offload = options.tun_offload}),
      aead_(options.aead.value_or(
                choose_backend(options.cipher, crypto::available_backends(options.cipher))),
            options.cipher),
      device_({.kind = options.kind, .hub = options.hub, .mtu = options.mtu}, aead_,
              crypto::system_random()),
      name_(tun_.name()),
      started_(system::boot_now()),
      aead_forced_(options.aead.has_value()),
      follower_(tun_),
      event_log_(
          [](bool problem, const std::string& text) {
            spdlog::log(problem ? spdlog::level::warn : spdlog::level::debug, "{}", text);
          },
          [this](base::Instant when) {
            engine_->call_at(when, [this] { event_log_.flush(system::boot_now()); });
          }) {
  link_ = follower_.refresh();
  netlink_.set_mtu(link_.index, options.mtu);
  if (options.kind == protocol::Kind::tun) turn_off_address_generation(name_);
  engine_ = std::make_unique<engine::Engine>(
      engine::EngineOptions{
          .listen_port = options.listen_port, .fwmark = options.fwmark, .tuning = options.tuning},
      device_, tun_);
  engine_->on_event([this](const protocol::Event& event) {
    log_event(event);
    if (on_event) on_event(event);
  });
  engine_->on_device_gone([this] {
    interface_gone_ = true;
    shut_down();
  });
  engine_->on_step_down([this] { log_features(); });
  engine_->watch(signals_.fd(), POLLIN, [this](short) { handle_signals(); });
  engine_->watch(follower_.fd(), POLLIN, [this](short) { refresh_link(); });
  sources_.emplace(*engine_, device_, netlink_);
  refresh_link();
}

// The UDP port is free before the sockets are, and those before the interface: who waits for one of
// them to go can start a tunnel of the same name and port at once.
Daemon::~Daemon() {
  uapi_server_.reset();
  control_server_.reset();
  sources_.reset();
  engine_.reset();
  uapi_listener_.reset();
  control_listener_.reset();
}

void Daemon::serve_uapi() {
  const auto path = control::uapi_socket_path(name_);
  for (int attempt = 0;; ++attempt) {
    try {
      uapi_listener_ = std::make_unique<system::UnixListener>(path);
      break;
    } catch (const base::Error&) {
      // A deleted interface's name is free before its process has ended: the same name may be
      // created again at once.
      if (attempt == 20) throw;
      std::this_thread::sleep_for(50ms);
    }
  }
  uapi_server_.emplace(*this, uapi_listener_->fd(),
                       [this] { return std::make_unique<control::UapiSession>(*this); });
}

void Daemon::serve_control() {
  control_listener_ = std::make_unique<system::UnixListener>(control::control_socket_path(name_));
  control_server_.emplace(*this, control_listener_->fd(),
                          [this] { return std::make_unique<control::ControlSession>(*this); });
}

void Daemon::end_with_uapi_socket() {
  uapi_watch_.emplace(uapi_listener_->path());
  engine_->watch(uapi_watch_->fd(), POLLIN, [this](short) {
    if (!uapi_watch_->drain()) return;
    spdlog::info("the socket {} was removed: ending", uapi_listener_->path().native());
    shut_down();
  });
}

void Daemon::run() {
  log_features();
  engine_->kick();
  engine_->run();
  device_.set_up(now(), false);  // wipes the sessions
}

base::Now Daemon::now() {
  return system::now();
}

void Daemon::refresh_link() {
  const system::TunFollower::State link = follower_.refresh();
  if (link != link_ || link.moved) follow_link(link);
}

void Daemon::follow_link(const system::TunFollower::State& link) {
  const system::TunFollower::State before = std::exchange(link_, link);
  if (!link.exists) {
    interface_gone_ = true;
    shut_down();
    return;
  }
  if (link.name != before.name) spdlog::info("{} is called {} now", before.name, link.name);
  if (link.moved) spdlog::info("{} was moved to another network namespace", link.name);
  if (link.mtu != before.mtu) {
    spdlog::debug("{}: the MTU is {}", link.name, link.mtu);
    device_.set_mtu(link.mtu);
  }
  if (link.up != device_.is_up()) {
    spdlog::info("{} is {}", link.name, link.up ? "up" : "down");
    device_.set_up(now(), link.up);
    if (link.up && on_link_up) on_link_up();
  }
}

void Daemon::handle_signals() {
  for (const int signal : signals_.drain()) {
    if (signal != SIGHUP) {
      spdlog::info("ending on signal {}", signal);
      shut_down();
      return;
    }
    static_cast<void>(reload());
  }
}

void Daemon::log_event(const protocol::Event& event) {
  std::string who;
  if (event.peer && device_.peer_count() > 0) {
    const crypto::PublicKey key = device_.status(*event.peer).public_key;
    who = peer_name(key);
    if (who.empty()) who = key.to_base64().substr(0, 8) + "…";
  }
  event_log_.add(system::boot_now(), event, who);
}

std::vector<engine::Feature> Daemon::features() const {
  std::vector<engine::Feature> all;
  all.push_back({.name = "aead",
                 .state = std::string(crypto::backend_name(aead_.backend())),
                 .forced = aead_forced_});
  for (engine::Feature& feature : engine_->features()) all.push_back(std::move(feature));
  all.insert(all.end(), own_features_.begin(), own_features_.end());
  return all;
}

// What is less than it could be, by choice or for want of support: each state once.
void Daemon::log_features() {
  for (const engine::Feature& feature : features()) {
    if (!feature.degraded && !feature.forced) continue;
    const std::string text = fmt::format("{}: {}", feature.name, feature.state);
    if (!told_features_.insert(text).second) continue;
    if (feature.degraded) {
      spdlog::warn("{}: {} (degraded)", name_, text);
    } else {
      spdlog::info("{}: {} (forced by the configuration)", name_, text);
    }
  }
}

int Daemon::set_listen_port(std::uint16_t port) {
  if (port != 0 && port == engine_->listen_port()) return 0;
  return error_number_of([&] { engine_->set_listen_port(port); });
}

int Daemon::set_fwmark(std::uint32_t fwmark) {
  if (fwmark == engine_->fwmark()) return 0;
  const int error = error_number_of([&] { engine_->set_fwmark(fwmark); });
  // The rules that keep the tunnel's own datagrams out of it go by the mark.
  if (error == 0) peers_changed();
  return error;
}

std::string Daemon::peer_name(const crypto::PublicKey& key) const {
  return name_of_peer ? name_of_peer(key) : std::string{};
}

void Daemon::peers_changed() {
  if (on_peers_changed) on_peers_changed();
}

json Daemon::host_status() const {
  json addresses = json::array();
  try {
    // In another namespace its addresses are not ours to see, and its index is somebody else's
    // here.
    if (!link_.away) {
      for (const auto& address : netlink_.addresses(link_.index)) {
        addresses.push_back(address.to_string());
      }
    }
  } catch (const base::Error&) {
    addresses.clear();  // it is being deleted
  }
  json features_json = json::array();
  for (const engine::Feature& feature : features()) {
    features_json.push_back({{"name", feature.name},
                             {"state", feature.state},
                             {"degraded", feature.degraded},
                             {"forced", feature.forced}});
  }
  const engine::Engine::Statistics& s = engine_->statistics();
  return {
      {"interface",
       {{"name", link_.name},
        {"kind", tun_.kind() == system::TunKind::tun ? "tun" : "tap"},
        {"mtu", link_.mtu},
        {"addresses", std::move(addresses)},
        {"configuration", configuration_file.empty() ? json(nullptr) : json(configuration_file)}}},
      {"features", std::move(features_json)},
      {"statistics",
       {{"turns", s.turns},
        {"tun_reads", s.tun_reads},
        {"tun_read_packets", s.tun_read_packets},
        {"tun_read_bytes", s.tun_read_bytes},
        {"tun_writes", s.tun_writes},
        {"tun_write_packets", s.tun_write_packets},
        {"tun_write_bytes", s.tun_write_bytes},
        {"udp_receives", s.udp_receives},
        {"udp_receive_datagrams", s.udp_receive_datagrams},
        {"udp_receive_bytes", s.udp_receive_bytes},
        {"udp_sends", s.udp_sends},
        {"udp_send_datagrams", s.udp_send_datagrams},
        {"udp_send_bytes", s.udp_send_bytes},
        {"udp_segment_fallbacks", s.udp_segment_fallbacks},
        {"udp_zero_copy_sends", s.udp_zero_copy_sends},
        {"udp_zero_copy_copies", s.udp_zero_copy_copies}}},
      {"process",
       {{"pid", getpid()},
        {"uptime_s", std::chrono::duration<double>(system::boot_now() - started_).count()}}},
  };
}

std::optional<control::ReloadError> Daemon::reload() {
  if (!on_reload) {
    return control::ReloadError{.message = fmt::format("{} has no configuration file", name_),
                                .hint = "it is configured with `wg`"};
  }
  system::sd_notify_reloading();
  auto error = on_reload();
  system::sd_notify_ready();
  if (!error) {
    spdlog::info("{}: reloaded {}", name_, configuration_file);
  } else {
    spdlog::error("{}: {}{}{}", name_, error->applied ? "" : "not reloaded: ", error->message,
                  error->hint.empty() ? "" : fmt::format("\n  hint: {}", error->hint));
  }
  return error;
}

void Daemon::shut_down() {
  if (std::exchange(stopping_, true)) return;
  system::sd_notify_stopping();
  engine_->stop();
}

std::uint32_t Daemon::watch(int fd, short events, std::function<void(short)> ready) {
  return engine_->watch(fd, events, std::move(ready)).value();
}

void Daemon::change_watch(std::uint32_t watch, short events) {
  engine_->change_watch(engine::WatchId(watch), events);
}

void Daemon::unwatch(std::uint32_t watch) noexcept {
  engine_->unwatch(engine::WatchId(watch));
}

}  // namespace warren::cli
