// warren down, reload and status: what is said to a running tunnel.
#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include <warren/control/control_client.hpp>
#include <warren/control/paths.hpp>
#include <warren/control/status.hpp>

#include "commands.hpp"

namespace warren::cli {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

json ask_checked(const std::string& name, std::string_view request) {
  json answer = control::ask(name, request);
  if (answer.value("ok", false)) return answer;
  const auto message = answer.value("error", "the request failed");
  const auto hint = answer.value("hint", "");
  if (answer.value("wrong_configuration", false)) throw UsageError(message, hint);
  throw base::Error(message, hint);
}

void down(const std::string& name) {
  ask_checked(name, "down");
  // Returns when the name is free again.
  for (int i = 0; i < 500; ++i) {
    if (access(control::control_socket_path(name).c_str(), F_OK) != 0) return;
    std::this_thread::sleep_for(10ms);
  }
  throw base::Error(fmt::format("tunnel {} has not ended within five seconds", name));
}

struct StatusOptions {
  std::string name;
  bool as_json = false;
  bool watch = false;
};

std::vector<json> collect(const std::string& name) {
  std::vector<json> all;
  if (!name.empty()) {
    all.push_back(ask_checked(name, "status").at("status"));
    return all;
  }
  for (const std::string& running : control::running_names()) {
    try {
      all.push_back(ask_checked(running, "status").at("status"));
    } catch (const base::Error&) {
      // One that ended between the two questions must not hide the others.
      const auto still = control::running_names();
      if (std::find(still.begin(), still.end(), running) != still.end()) throw;
    }
  }
  return all;
}

std::string render(const StatusOptions& options) {
  const std::vector<json> all = collect(options.name);
  if (options.as_json) {
    return (options.name.empty() ? json(all) : all.front()).dump(options.watch ? -1 : 2) + "\n";
  }
  const bool colour = isatty(STDOUT_FILENO) == 1;
  std::string text;
  for (const json& status : all) {
    if (!text.empty()) text += '\n';
    text += control::render_status(status, colour);
  }
  return text;
}

void status(const StatusOptions& options) {
  while (true) {
    const std::string text = render(options);
    const bool redraw = options.watch && !options.as_json && isatty(STDOUT_FILENO) == 1;
    if (redraw) fmt::print("\x1b[H\x1b[2J");
    if (text.empty() && !options.as_json) fmt::print(stderr, "warren: no tunnel is running\n");
    fmt::print("{}", text);
    if (std::fflush(stdout) != 0) throw base::SystemError("writing to", "standard output", errno);
    if (!options.watch) return;
    std::this_thread::sleep_for(1s);
  }
}

}  // namespace

void register_down(CLI::App& app, int&) {
  CLI::App* command = app.add_subcommand("down", "End a running tunnel");
  const auto name = std::make_shared<std::string>();
  command->add_option("NAME", *name, "the interface's name")->required();
  command->footer(
      "Returns when the interface and its sockets are gone.\n\n"
      "Example:\n"
      "  warren down wr0");
  command->callback([name] { down(*name); });
}

void register_reload(CLI::App& app, int&) {
  CLI::App* command =
      app.add_subcommand("reload", "Let a running tunnel read its configuration again");
  const auto name = std::make_shared<std::string>();
  command->add_option("NAME", *name, "the interface's name")->required();
  command->footer(
      "Sessions of peers that did not change go on. When the file is wrong, or cannot be applied,\n"
      "the old configuration stays and the reason is printed.\n\n"
      "Example:\n"
      "  warren reload wr0");
  command->callback([name] { ask_checked(*name, "reload"); });
}

void register_status(CLI::App& app, int&) {
  CLI::App* command = app.add_subcommand("status", "Show running tunnels");
  const auto options = std::make_shared<StatusOptions>();
  command->add_option("NAME", options->name, "the interface's name; all running ones without it");
  command->add_flag("--json", options->as_json, "as JSON; docs/status.schema.json describes it");
  command->add_flag("--watch", options->watch, "again each second, until interrupted");
  command->footer(
      "Example:\n"
      "  warren status wr0 --json | jq '.peers[].latest_handshake_age_s'");
  command->callback([options] { status(*options); });
}

}  // namespace warren::cli
