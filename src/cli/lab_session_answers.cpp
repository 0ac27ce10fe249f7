// What a lab answers: docs/LAB.md shows the requests.
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include <warren/base/error.hpp>
#include <warren/base/fd.hpp>
#include <warren/impair/settings.hpp>
#include <warren/lab/plan.hpp>
#include <warren/lab/report.hpp>
#include <warren/lab/sandbox.hpp>
#include <warren/lab/wire_counters.hpp>

#include "commands.hpp"
#include "lab_session.hpp"

namespace warren::cli {
namespace {

using nlohmann::json;

template <class Range>
std::string joined_names(const Range& range) {
  std::string text;
  for (const auto& one : range) text += fmt::format("{}{}", text.empty() ? "" : ", ", one.name);
  return text;
}

lab::NodeId find_node(const lab::Topology& topology, const std::string& name) {
  if (const auto node = topology.find_node(name)) return *node;
  throw UsageError(fmt::format("the lab {} has no node {}", topology.name, name),
                   fmt::format("its nodes: {}", joined_names(topology.nodes)));
}

json addresses_of(const std::vector<base::InterfaceAddress>& addresses) {
  json texts = json::array();
  for (const auto& address : addresses) texts.push_back(address.to_string());
  return texts;
}

json node_status(const lab::Topology& topology, lab::NodeId id) {
  const lab::Node& node = topology.node(id);
  json interfaces = json::array();
  for (const auto& interface : node.interfaces) {
    interfaces.push_back({{"name", interface.name},
                          {"addresses", addresses_of(interface.addresses)},
                          {"link", topology.link(interface.link).name}});
  }
  for (const auto& tunnel : topology.tunnels) {
    for (const auto& end : tunnel.ends) {
      if (end.node != id) continue;
      interfaces.push_back(
          {{"name", tunnel.name}, {"addresses", addresses_of(end.addresses)}, {"tunnel", true}});
    }
  }
  json status{
      {"name", node.name}, {"kind", lab::identifier(node.kind)}, {"interfaces", interfaces}};
  if (!lab::rootless()) status["namespace"] = lab::namespace_name(topology, id);
  return status;
}

json counters_json(const lab::WireCounters& counters) {
  json result{{"held", counters.held_frames}};
  lab::each_counter(counters,
                    [&](std::string_view name, std::uint64_t count) { result[name] = count; });
  return result;
}

/// How late frames left, against the moments that the settings ask for.
json lateness_json(const lab::WireCounters& counters) {
  return {
      {"p50", counters.late_p50_ns}, {"p99", counters.late_p99_ns}, {"max", counters.late_max_ns}};
}

std::string end_text(const lab::Topology& topology, const lab::LinkEnd& end) {
  return fmt::format("{}:{}", topology.node(end.node).name, topology.interface(end).name);
}

/// A pipe or a terminal has nothing to take away.
void make_empty(const base::Fd& file) {
  struct stat info {};
  base::check_system_call(::fstat(file.get(), &info), "looking at", "the capture's file");
  if (!S_ISREG(info.st_mode)) return;
  base::check_system_call(::ftruncate(file.get(), 0), "emptying", "the capture's file");
}

}  // namespace

LabAnswer LabSession::answer(Client& client) {
  const auto request = json::parse(client.reader.line());
  const auto command = request.at("command").get<std::string>();
  if (command == "status") return status();
  if (command == "enter") return enter(request.at("node").get<std::string>());
  if (command == "set") return set(request);
  if (command == "capture") return capture(request, client);
  if (command == "down") return down();
  throw UsageError(fmt::format("a lab does not know the request {}", command));
}

json LabSession::link_status(lab::LinkId id) const {
  const lab::Link& link = topology_.link(id);
  json status{{"name", link.name},
              {"ends", {end_text(topology_, link.ends[0]), end_text(topology_, link.ends[1])}},
              {"wired", link.wired}};
  if (!link.wired) return status;
  json directions = json::array();
  for (const std::uint8_t direction : {std::uint8_t{0}, std::uint8_t{1}}) {
    const lab::WireCounters counters = wire_->counters(id, direction);
    directions.push_back({{"settings", lab::describe(wire_->settings(id, direction))},
                          {"counters", counters_json(counters)},
                          {"late_ns", lateness_json(counters)}});
  }
  status["directions"] = std::move(directions);
  return status;
}

LabAnswer LabSession::status() const {
  json nodes = json::array();
  for (std::uint32_t i = 0; i < topology_.nodes.size(); ++i) {
    nodes.push_back(node_status(topology_, lab::NodeId(i)));
  }
  json links = json::array();
  for (std::uint32_t i = 0; i < topology_.links.size(); ++i) {
    links.push_back(link_status(lab::LinkId(i)));
  }
  json logs = json::array();
  for (const auto& log : services_->logs()) {
    logs.push_back({{"node", log.node}, {"program", log.program}, {"path", log.path.native()}});
  }
  const json result{{"name", topology_.name},
                    {"file", topology_.file.native()},
                    {"pid", ::getpid()},
                    {"rootless", lab::rootless()},
                    {"seed", topology_.seed},
                    {"began_ms", began_ms_},
                    {"bring_up_ms", bring_up_ms_},
                    {"ready_ms", ready_ms_},
                    {"failure", wire_ ? wire_->failure() : ""},
                    {"nodes", std::move(nodes)},
                    {"links", std::move(links)},
                    {"logs", std::move(logs)}};
  return {.line = lab::json_line({{"ok", true}, {"status", result}}), .fds = {}};
}

LabAnswer LabSession::enter(const std::string& node) const {
  const auto id = find_node(topology_, node);
  const auto outer = lab::sandbox_namespaces();
  LabAnswer result;
  json names = json::array();
  const auto add = [&](const char* name, int fd) {
    if (fd < 0) return;
    names.push_back(name);
    result.fds.push_back(fd);
  };
  add("user", outer.user);
  add("net", world_->netns(id));
  add("uts", world_->uts_namespace(id));
  add("mnt", world_->mount_namespace(id));
  add("pid", outer.pid);
  result.line = lab::json_line({{"ok", true}, {"namespaces", names}});
  return result;
}

lab::LinkId LabSession::find_link(const std::string& name) const {
  if (const auto link = topology_.find_link(name)) return *link;
  throw UsageError(fmt::format("the lab {} has no link {}", topology_.name, name),
                   fmt::format("its links: {}", joined_names(topology_.links)));
}

LabAnswer LabSession::set(const json& request) {
  const auto id = find_link(request.at("link").get<std::string>());
  const lab::Link& link = topology_.link(id);
  if (!link.wired) {
    throw UsageError(
        fmt::format("the link {} is a plain veth pair, which cannot be impaired", link.name),
        fmt::format("write `wired = true` for it in {}, and bring the lab up again",
                    topology_.file.native()));
  }
  const auto assignments = request.at("assignments").get<std::vector<std::string>>();
  const auto directions = request.at("directions").get<std::vector<std::uint8_t>>();
  // All of them before the first takes effect: a wrong one changes nothing.
  std::vector<std::pair<std::uint8_t, impair::Settings>> wanted;
  const auto directory = topology_.file.parent_path();
  for (const std::uint8_t direction : directions) {
    if (direction > 1) throw UsageError("a link has the directions 0 and 1");
    wanted.emplace_back(
        direction, lab::change_settings(wire_->settings(id, direction), assignments, directory));
  }
  for (const auto& [direction, settings] : wanted) wire_->change(id, direction, settings);
  return {.line = lab::json_line({{"ok", true}, {"link", link_status(id)}}), .fds = {}};
}

LabAnswer LabSession::capture(const json& request, Client& client) {
  const auto id = find_link(request.at("link").get<std::string>());
  auto fds = client.reader.take_fds();
  if (fds.size() != 1) throw UsageError("a capture needs one descriptor to write to");
  if (request.value("replace", false)) make_empty(fds.front());
  client.capture = recorder_->stream(id, std::move(fds.front()));
  return {.line = lab::json_line({{"ok", true}}), .fds = {}};
}

LabAnswer LabSession::down() {
  ending_ = true;
  // The client sees the end of the last process by it: see `lab down`.
  return {.line = lab::json_line({{"ok", true}}), .fds = {lab::sandbox_namespaces().caretaker}};
}

}  // namespace warren::cli
