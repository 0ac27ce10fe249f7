// warren check FILE: is this a configuration that `up` would take?
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstddef>
#include <memory>
#include <string>

#include <warren/base/units.hpp>
#include <warren/config/model.hpp>

#include "commands.hpp"

namespace warren::cli {
namespace {

void check(const std::string& file) {
  const config::Tunnel tunnel = read_argument([&] { return config::load(file); });
  std::size_t networks = 0;
  for (const config::Peer& peer : tunnel.peers) networks += peer.allowed_ips.size();
  const bool is_tun = tunnel.interface.kind == config::Kind::tun;
  fmt::print("{}: ok ({}: {}, {}", file, tunnel.interface.name, is_tun ? "tun" : "tap",
             base::counted(tunnel.peers.size(), "peer"));
  if (is_tun) fmt::print(", {}", base::counted(networks, "network"));
  fmt::print(")\n");
}

}  // namespace

void register_check(CLI::App& app, int&) {
  CLI::App* command = app.add_subcommand("check", "Validate a configuration, key files included");
  const auto file = std::make_shared<std::string>();
  command->add_option("FILE", *file, "configuration, in TOML")->required();
  command->footer(
      "Exits with 0 if `warren up FILE` would accept the configuration, else with 2.\n\n"
      "Example:\n"
      "  warren check /etc/warren/wr0.toml");
  command->callback([file] { check(*file); });
}

}  // namespace warren::cli
