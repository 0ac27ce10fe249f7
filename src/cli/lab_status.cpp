#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <warren/base/error.hpp>
#include <warren/base/units.hpp>
#include <warren/lab/claim.hpp>
#include <warren/system/clock.hpp>

#include "lab.hpp"
#include "lab_client.hpp"
#include "lab_sessions.hpp"

namespace warren::cli {
namespace {

using nlohmann::json;

json status_of(const std::string& name) {
  return ask_lab(name, {{"command", "status"}}).answer.at("status");
}

std::string addresses_text(const json& interface) {
  std::string text = interface.at("name");
  for (const auto& address : interface.at("addresses")) {
    text += ' ' + address.get<std::string>();
  }
  return text;
}

std::string node_line(const json& node, std::size_t width) {
  std::string text;
  for (const auto& interface : node.at("interfaces")) {
    if (node.at("kind") == "switch" && interface.at("addresses").empty()) continue;
    text += (text.empty() ? "" : ", ") + addresses_text(interface);
  }
  const std::string kind = node.at("kind");
  return fmt::format("  {:<{}}  {:<6}  {}\n", node.at("name").get<std::string>(), width, kind,
                     text);
}

std::size_t widest_name(const json& list) {
  std::size_t width = 0;
  for (const auto& one : list) width = std::max(width, one.at("name").get<std::string>().size());
  return width;
}

std::string nodes_text(const json& status) {
  std::string text;
  const auto width = widest_name(status.at("nodes"));
  for (const auto& node : status.at("nodes")) text += node_line(node, width);
  return text;
}

std::string age_text(const json& status) {
  using namespace std::chrono;
  const auto now = duration_cast<milliseconds>(system::wall_now().time_since_epoch()).count();
  const auto seconds =
      std::max<std::int64_t>(0, now - status.at("began_ms").get<std::int64_t>()) / 1000;
  if (seconds < 120) return fmt::format("{} s", seconds);
  if (seconds < 7200) return fmt::format("{} min", seconds / 60);
  return fmt::format("{} h", seconds / 3600);
}

/// Verdicts and the like that are not zero.
std::string losses_text(const json& counters) {
  std::string text;
  for (const auto& [name, value] : counters.items()) {
    const auto known = name == "frames" || name == "bytes" || name == "passed" || name == "held";
    if (known || value == 0) continue;
    text += fmt::format(", {} {}", value.get<std::uint64_t>(), name);
  }
  return text;
}

/// How exactly the delay was kept; empty where nothing was late.
std::string lateness_text(const json& late_ns) {
  if (late_ns.at("max") == 0) return {};
  const auto us = [&](const char* key) { return late_ns.at(key).get<double>() / 1000; };
  return fmt::format(", late by {:.0f} us (p50), {:.0f} (p99), {:.0f} (max)", us("p50"), us("p99"),
                     us("max"));
}

std::string link_text(const json& link, std::size_t width) {
  const std::string name = link.at("name");
  const std::array<std::string, 2> ends{link.at("ends").at(0), link.at("ends").at(1)};
  if (!link.at("wired").get<bool>()) {
    return fmt::format("  {:<{}}  {} - {}  plain\n", name, width, ends[0], ends[1]);
  }
  std::string text;
  for (std::size_t i = 0; i < 2; ++i) {
    const auto& direction = link.at("directions").at(i);
    const auto& counters = direction.at("counters");
    const std::string settings = direction.at("settings");
    text +=
        fmt::format("  {:<{}}  {} > {}  {}; {} frames{}{}\n", i == 0 ? name : "", width, ends.at(i),
                    ends.at(1 - i), settings.empty() ? "nothing impaired" : settings,
                    counters.at("frames").get<std::uint64_t>(), losses_text(counters),
                    lateness_text(direction.at("late_ns")));
  }
  return text;
}

/// Empty when the lab ended since it was named.
std::optional<nlohmann::json> status_unless_over(const std::string& name) {
  try {
    return status_of(name);
  } catch (const base::Error&) {
    return {};
  }
}

void list() {
  const auto names = lab::running_labs();
  std::size_t width = 0;
  for (const auto& name : names) width = std::max(width, name.size());
  for (const auto& name : names) {
    const auto status = status_unless_over(name);
    if (!status) continue;
    fmt::print("{:<{}}  {}, {}, up {}, {}\n", name, width,
               base::counted(status->at("nodes").size(), "node"),
               base::counted(status->at("links").size(), "link"), age_text(*status),
               status->at("file").get<std::string>());
  }
}

}  // namespace

std::string render_lab_came_up(const json& status) {
  const std::string name = status.at("name");
  const auto& nodes = status.at("nodes");
  std::string text = fmt::format(
      "{} is up: {}, {}; network in {:.0f} ms, ready in {:.0f} ms\n", name,
      base::counted(nodes.size(), "node"), base::counted(status.at("links").size(), "link"),
      status.at("bring_up_ms").get<double>(), status.at("ready_ms").get<double>());
  text += nodes_text(status);
  if (nodes.empty()) return text;
  const auto inside = std::find_if(nodes.begin(), nodes.end(),
                                   [](const json& node) { return node.at("kind") != "switch"; });
  const json& node = inside == nodes.end() ? nodes.front() : *inside;
  text += fmt::format("\n  warren lab exec {} {} -- COMMAND...\n", name,
                      node.at("name").get<std::string>());
  if (node.contains("namespace")) {
    text += fmt::format("  ip netns exec {} COMMAND...\n", node.at("namespace").get<std::string>());
  }
  text += fmt::format("  warren lab down {}\n", name);
  return text;
}

std::string render_lab_status(const json& status) {
  std::string text = fmt::format("{}: up {}, seed {}, {}, process {}\n  from {}\n",
                                 status.at("name").get<std::string>(), age_text(status),
                                 status.at("seed").get<std::uint64_t>(),
                                 status.at("rootless").get<bool>() ? "rootless" : "as root",
                                 status.at("pid").get<int>(), status.at("file").get<std::string>());
  if (const std::string failure = status.at("failure"); !failure.empty()) {
    text += fmt::format("  the wire has died: {}\n", failure);
  }
  text += "nodes\n" + nodes_text(status);
  if (!status.at("links").empty()) text += "links\n";
  const auto width = widest_name(status.at("links"));
  for (const auto& link : status.at("links")) text += link_text(link, width);
  if (!status.at("logs").empty()) text += "logs, as the nodes see them\n";
  for (const auto& log : status.at("logs")) {
    text += fmt::format("  {} {}  {}\n", log.at("node").get<std::string>(),
                        log.at("program").get<std::string>(), log.at("path").get<std::string>());
  }
  return text;
}

void register_lab_list(CLI::App& lab) {
  CLI::App* command = lab.add_subcommand("list", "Show the labs that are up");
  const auto names_only = std::make_shared<bool>(false);
  command->add_flag("--names", *names_only, "their names alone, one a line");
  command->footer(
      "Those of other users are not shown.\n\n"
      "Example:\n"
      "  warren lab list");
  command->callback([names_only] {
    lab::clean_stale();
    if (!*names_only) return list();
    for (const auto& name : lab::running_labs()) fmt::print("{}\n", name);
  });
}

void register_lab_status(CLI::App& lab) {
  struct Options {
    std::string name;
    bool as_json = false;
  };
  CLI::App* command = lab.add_subcommand("status", "Show a lab that is up: nodes, links, counters");
  const auto options = std::make_shared<Options>();
  command->add_option("NAME", options->name, "the lab's name")->required();
  command->add_flag("--json", options->as_json, "as JSON");
  command->footer(
      "Example:\n"
      "  warren lab status two-hosts --json | jq '.links[].directions[].counters.lost'");
  command->callback([options] {
    lab::clean_stale();
    const auto status = status_of(options->name);
    fmt::print("{}", options->as_json ? status.dump(2) + "\n" : render_lab_status(status));
  });
}

}  // namespace warren::cli
