// warren up FILE: runs a tunnel in the foreground.
#include <fmt/core.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include <warren/config/model.hpp>
#include <warren/control/paths.hpp>
#include <warren/system/harden.hpp>
#include <warren/system/netlink.hpp>
#include <warren/system/sd_notify.hpp>

#include "commands.hpp"
#include "daemon.hpp"
#include "daemon_config.hpp"

namespace warren::cli {
namespace {

struct UpOptions {
  std::string file;
  std::string log_level = "info";
};

system::TunOffload tun_offload(config::TunOffload wanted) {
  switch (wanted) {
    case config::TunOffload::automatic:
      return system::TunOffload::uso;
    case config::TunOffload::tso:
      return system::TunOffload::tso;
    case config::TunOffload::none:
      return system::TunOffload::none;
  }
  return {};
}

engine::Tuning tuning(const config::EngineSettings& settings) {
  using config::UdpOffload;
  const UdpOffload udp = settings.udp_offload;
  return {.udp_segmentation = udp == UdpOffload::automatic || udp == UdpOffload::gso,
          .udp_receive_offload = udp == UdpOffload::automatic || udp == UdpOffload::gro,
          .zero_copy = settings.zero_copy,
          .busy_poll = std::chrono::microseconds(settings.busy_poll_us),
          .scheduling = settings.scheduling == config::Scheduling::automatic
                            ? engine::Scheduling::automatic
                            : engine::Scheduling::ordinary};
}

DaemonOptions daemon_options(const config::Tunnel& tunnel) {
  const config::Interface& interface = tunnel.interface;
  system::Netlink netlink;
  return {.name = interface.name,
          .kind = interface.kind == config::Kind::tun ? protocol::Kind::tun : protocol::Kind::tap,
          .hub = interface.hub,
          .cipher = interface.cipher,
          .mtu = interface.mtu ? *interface.mtu : automatic_mtu(netlink, tunnel),
          .listen_port = interface.listen_port,
          .fwmark = interface.fwmark,
          .tun_offload = tun_offload(tunnel.engine.tun_offload),
          .aead = tunnel.engine.aead,
          .tuning = tuning(tunnel.engine)};
}

// The tunnel runs without `wg` too, so that this is no reason to refuse.
void try_to_serve_uapi(Daemon& daemon) {
  try {
    daemon.serve_uapi();
  } catch (const base::Error& error) {
    spdlog::warn("`wg` cannot see this interface: {}", error.what());
    daemon.note_feature(
        {.name = "uapi", .state = fmt::format("off: {}", error.what()), .degraded = true});
  }
}

void up(const UpOptions& options, int& exit_code) {
  set_up_log(options.log_level);
  system::disable_core_dumps();
  config::Tunnel tunnel = config::load(options.file);
  const std::string name = tunnel.interface.name;
  const std::size_t peers = tunnel.peers.size();
  Daemon daemon(daemon_options(tunnel));
  daemon.serve_control();
  try_to_serve_uapi(daemon);
  const ConfiguredTunnel configured(daemon, std::move(tunnel));
  fmt::print("warren: {} is up (port {}, {} peer{})\n", name, daemon.listen_port(), peers,
             peers == 1 ? "" : "s");
  // Nobody may be listening: the tunnel does not depend on it.
  static_cast<void>(std::fflush(stdout));
  system::sd_notify_ready();
  daemon.run();
  if (daemon.interface_gone()) {
    fmt::print(stderr, "warren: the interface {} was deleted: ending\n", name);
    exit_code = kExitFailure;
  }
}

}  // namespace

void register_up(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("up", "Run a tunnel in the foreground");
  const auto options = std::make_shared<UpOptions>();
  command->add_option("FILE", options->file, "configuration, in TOML")->required();
  command->add_option("--log-level", options->log_level, "how much to tell on standard error")
      ->check(CLI::IsMember({"trace", "debug", "info", "warning", "error", "off"}))
      ->capture_default_str();
  command->footer(
      "Ready when it prints so, and by sd_notify. SIGTERM and SIGINT end it and take the "
      "interface\n"
      "with it; SIGHUP reads the file again, as `warren reload` does.\n\n"
      "Example:\n"
      "  warren up /etc/warren/wr0.toml");
  command->callback([options, &exit_code] { up(*options, exit_code); });
}

}  // namespace warren::cli
