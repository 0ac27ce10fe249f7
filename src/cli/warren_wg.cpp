// warren-wg [-f] IFACE: an interface for `wg` to configure, as wireguard-go makes one.
#include <fmt/core.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include <warren/control/paths.hpp>
#include <warren/system/daemon.hpp>
#include <warren/system/harden.hpp>

#include "commands.hpp"
#include "daemon.hpp"

namespace warren::cli {
namespace {

// wireguard-go's words for how much to tell.
std::string log_level() {
  const char* level = std::getenv("LOG_LEVEL");
  const std::string_view text = level != nullptr ? level : "";
  if (text == "verbose" || text == "debug") return "debug";
  if (text == "silent") return "off";
  return "error";
}

bool is_set_to_one(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && std::string_view(value) == "1";
}

void prepare(Daemon& daemon) {
  daemon.serve_uapi();
  daemon.end_with_uapi_socket();
  try {
    daemon.serve_control();
  } catch (const base::Error& error) {
    spdlog::error("`warren status` cannot see this interface: {}", error.what());
    daemon.note_feature(
        {.name = "control", .state = fmt::format("off: {}", error.what()), .degraded = true});
  }
}

int run_in_foreground(const DaemonOptions& options) {
  Daemon daemon(options);
  prepare(daemon);
  daemon.run();
  return kExitOk;
}

// The fork comes first: a ring does not survive it, and neither does a thread.
int run_as_daemon(const DaemonOptions& options) {
  static_cast<void>(std::fflush(nullptr));  // or both processes would write what is buffered
  system::DaemonOutcome outcome;
  std::optional<system::DaemonChild> child = system::fork_daemon(outcome);
  if (!child) {
    if (!outcome.ready) throw base::Error(outcome.error);
    return kExitOk;
  }
  std::optional<Daemon> daemon;
  try {
    daemon.emplace(options);
    prepare(*daemon);
    child->ready();
  } catch (const base::Error& error) {
    child->fail(error.hint().empty() ? error.what()
                                     : fmt::format("{}\n  hint: {}", error.what(), error.hint()));
    return kExitFailure;
  } catch (const std::exception& error) {
    child->fail(error.what());
    return kExitFailure;
  }
  daemon->run();
  return kExitOk;
}

}  // namespace

int run_warren_wg(int argc, char** argv) {
  CLI::App app{"A WireGuard interface in user space, configured with `wg`.", "warren-wg"};
  std::string name;
  bool foreground = is_set_to_one("WG_PROCESS_FOREGROUND");
  app.add_flag("-f,--foreground", foreground, "stay in the foreground");
  app.add_option("IFACE", name, "name of the interface to make")->required();
  app.set_version_flag("-v,--version", "warren-wg " WARREN_VERSION);
  app.footer(
      "Returns once the interface can be configured, and goes on in the background until the\n"
      "interface or its socket is removed. LOG_LEVEL=verbose tells more, with -f.\n\n"
      "Example:\n"
      "  warren-wg wg0 && wg setconf wg0 wg0.conf && ip link set wg0 up\n"
      "  WG_QUICK_USERSPACE_IMPLEMENTATION=warren-wg wg-quick up wg0");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  set_up_log(log_level());
  system::disable_core_dumps();
  const DaemonOptions options{.name = name};
  return foreground ? run_in_foreground(options) : run_as_daemon(options);
}

}  // namespace warren::cli
