// warren lab up and down: a lab's life.
#include <fmt/core.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include <warren/base/error.hpp>
#include <warren/lab/claim.hpp>
#include <warren/lab/report.hpp>
#include <warren/system/daemon.hpp>
#include <warren/system/harden.hpp>

#include "commands.hpp"
#include "lab.hpp"
#include "lab_client.hpp"
#include "lab_session.hpp"
#include "lab_sessions.hpp"

namespace warren::cli {
namespace {

using nlohmann::json;

constexpr int kGoneWithin_ms = 30'000;

/// What the daemon says about its failure, so that the one who started it ends as if it had failed
/// itself.
std::string failure_text(const base::Error& error, int code) {
  return lab::json_line({{"error", error.what()}, {"hint", error.hint()}, {"errno", code}});
}

[[noreturn]] void rethrow_failure(const std::string& text) {
  const auto failure = json::parse(text, nullptr, false);
  if (failure.is_discarded()) throw base::Error(text);
  const auto error = failure.value("error", "");
  const auto hint = failure.value("hint", "");
  if (const int code = failure.value("errno", 0); code != 0) {
    throw base::SystemError(error, code, hint);
  }
  throw base::Error(error, hint);
}

[[noreturn]] void run_session(const lab::Topology& topology, system::DaemonChild& parent) {
  try {
    LabSession session(topology, parent);
    if (!parent.abandoned()) {
      parent.ready();
      session.run();
    }
  } catch (const base::SystemError& error) {
    parent.fail(failure_text(error, error.error_number()));
  } catch (const base::Error& error) {
    parent.fail(failure_text(error, 0));
  } catch (const std::exception& error) {
    parent.fail(error.what());
  }
  lab::leave_sandbox();
  ::_exit(0);
}

void refuse_without_root(const lab::Topology& topology) {
  const auto reason = topology.needs_root();
  if (!reason || (::geteuid() == 0 && system::has_net_admin())) return;
  throw base::SystemError(fmt::format("the lab {} needs root: {}", topology.name, *reason), EPERM,
                          "run this as root");
}

void up(const std::string& file) {
  lab::clean_stale();
  lab::Topology topology = load_lab(file);
  // The lab leaves this directory when it is up.
  topology.file = std::filesystem::absolute(topology.file);
  refuse_without_root(topology);
  static_cast<void>(std::fflush(stdout));
  system::DaemonOutcome outcome;
  if (auto parent = system::fork_daemon(outcome)) run_session(topology, *parent);
  if (!outcome.ready) rethrow_failure(outcome.error);
  const auto status = ask_lab(topology.name, {{"command", "status"}}).answer.at("status");
  fmt::print("{}", render_lab_came_up(status));
}

/// Readable when the process has ended.
base::Fd watch_peer(int connection) {
  ucred peer{};
  socklen_t length = sizeof peer;
  base::check_system_call(::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &length),
                          "asking for", "the lab's process");
  return base::Fd(static_cast<int>(::syscall(SYS_pidfd_open, peer.pid, 0)));
}

void wait_until_ended(const base::Fd& process, const std::string& name) {
  if (!process) return;  // it ended before we looked
  pollfd entry{process.get(), POLLIN, 0};
  int result = 0;
  do {
    result = ::poll(&entry, 1, kGoneWithin_ms);
  } while (result < 0 && errno == EINTR);
  if (result > 0) return;
  throw base::Error(
      fmt::format("the lab {} has not ended within {} seconds", name, kGoneWithin_ms / 1000));
}

void down(const std::string& name) {
  lab::clean_stale();
  const auto reply = ask_lab(name, {{"command", "down"}});
  // The process first: it takes its own time, and its last children are its own to wait for. With
  // the caretaker's end every process of the lab is gone, and its names with them.
  wait_until_ended(watch_peer(reply.connection.get()), name);
  for (const auto& process : reply.fds) wait_until_ended(process, name);
}

}  // namespace

void register_lab_up(CLI::App& lab) {
  CLI::App* command = lab.add_subcommand("up", "Bring a lab up and let it run");
  const auto file = std::make_shared<std::string>();
  command->add_option("FILE", *file, "the lab, in TOML")->required();
  command->footer(
      "Returns when every program is ready and every tunnel up; the lab runs on in the background\n"
      "until `warren lab down`. What the file expects is not checked: `warren lab test` does "
      "that.\n"
      "As root, `ip netns` shows the nodes, too.\n\n"
      "Example:\n"
      "  warren lab up configs/lab/two-hosts.toml\n"
      "  warren lab exec two-hosts alice -- ping -c 3 bob\n"
      "  warren lab down two-hosts");
  command->callback([file] { up(*file); });
}

void register_lab_down(CLI::App& lab) {
  CLI::App* command = lab.add_subcommand("down", "End a lab that is up");
  const auto name = std::make_shared<std::string>();
  command->add_option("NAME", *name, "the lab's name, as `warren lab list` shows it")->required();
  command->footer(
      "Returns when all its processes, names and files are gone.\n\n"
      "Example:\n"
      "  warren lab down two-hosts");
  command->callback([name] { down(*name); });
}

}  // namespace warren::cli
