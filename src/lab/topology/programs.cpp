// What nodes run and how their kernels are set: `run`, `sysctl`, `xdp`.
#include <fmt/core.h>

#include <algorithm>
#include <string>
#include <utility>

#include <warren/base/text.hpp>

#include "draft.hpp"
#include "structure.hpp"

namespace warren::lab {
namespace {

using config::in_quotes;

Readiness read_readiness(const Fields& fields) {
  using Kind = Readiness::Kind;
  static constexpr std::array<std::pair<std::string_view, Kind>, 5> kConditions = {
      {{"tcp", Kind::tcp},
       {"udp", Kind::udp},
       {"log", Kind::log},
       {"file", Kind::file},
       {"command", Kind::command}}};
  Readiness ready;
  for (const auto& [key, kind] : kConditions) {
    if (!fields.has(key)) continue;
    if (ready.kind != Kind::started) {
      fields.source().fail(fields.find(key)->at, "`ready` has more than one condition",
                           "leave all but one out");
    }
    ready.kind = kind;
    if (const auto port = fields.integer(key)) ready.port = static_cast<std::uint16_t>(*port);
    if (const auto text = fields.text(key)) {
      ready.text = *text;
      if (text->empty()) fields.fail(key, "it is empty");
      if (kind == Kind::log) fields.check(key, fields.at(key), check_regex(*text));
    }
  }
  if (ready.kind == Kind::started) {
    fields.source().fail(fields.at(), "`ready` has no condition",
                         "tcp = 80, udp = 53, log = \"…\", file = \"…\" or command = \"…\"");
  }
  ready.within = fields.duration("within").value_or(ready.within);
  return ready;
}

/// The program's name without its folder: "python3".
std::string default_name(const std::vector<std::string>& command) {
  std::string_view word = command.front();
  if (command.size() == 1) {
    word.remove_prefix(std::min(word.find_first_not_of(" \t\n"), word.size()));
    if (word.starts_with("exec ")) word.remove_prefix(5);
    word = word.substr(0, word.find_first_of(" \t\n"));
  }
  word.remove_prefix(word.find_last_of('/') + 1);
  return std::string(check_name(word) ? "program" : word);
}

void read_programs_of(Draft& draft, Node& node, const Fields& fields) {
  for (const Fields& run : fields.list("run")) {
    Program program;
    program.place = place_of(run.at());
    program.command = run.command("command");
    program.name = run.text("name").value_or(default_name(program.command));
    run.check("name", run.at("name"), check_name(program.name));
    if (std::ranges::find(node.programs, program.name, &Program::name) != node.programs.end()) {
      run.fail(
          "name",
          fmt::format("{} runs a program called {} already", node.name, in_quotes(program.name)),
          "give it a name of its own: name = \"…\"");
    }
    draft.take_log(run, "name", node, program.name);
    if (const auto environment = run.inner("environment")) {
      for (const config::Entry& entry : environment->table().entries) {
        if (entry.key.empty() || entry.key.find('=') != std::string::npos) {
          run.source().fail(entry.at, fmt::format("{} cannot name an environment variable",
                                                  in_quotes(entry.key)));
        }
        program.environment.emplace(entry.key, *entry.value.get_if<std::string>());
      }
    }
    if (const auto ready = run.inner("ready")) program.ready = read_readiness(*ready);
    node.programs.push_back(std::move(program));
  }
}

void read_sysctls(Node& node, const config::Source& source, const config::Table& table,
                  const std::string& prefix) {
  for (const config::Entry& entry : table.entries) {
    const std::string key = prefix + entry.key;
    if (const auto* inner = entry.value.get_if<config::Table>()) {
      read_sysctls(node, source, *inner, key + '.');
      continue;
    }
    const bool is_path = std::ranges::all_of(key,
                                             [](char c) {
                                               return base::is_letter(c) || base::is_digit(c) ||
                                                      c == '.' || c == '_' || c == '-' || c == '/';
                                             }) &&
                         key.find("..") == std::string::npos && !key.ends_with('.');
    if (!key.starts_with("net.") || !is_path) {
      source.fail(entry.at, fmt::format("`sysctl`: {} is not a setting of a node", in_quotes(key)),
                  "a network namespace has those below net.: \"net.ipv4.tcp_congestion_control\"");
    }
    std::string value;
    if (const auto* text = entry.value.get_if<std::string>()) value = *text;
    if (const auto* number = entry.value.get_if<std::int64_t>()) value = std::to_string(*number);
    if (const auto* boolean = entry.value.get_if<bool>()) value.assign(1, *boolean ? '1' : '0');
    if (!node.sysctls.emplace(key, value).second) {
      source.fail(entry.at, fmt::format("`sysctl`: {} is there twice", in_quotes(key)));
    }
  }
}

void read_xdp(Node& node, const Fields& fields) {
  XdpProgram program;
  program.interface = *fields.text("iface");
  if (std::ranges::find(node.interfaces, program.interface, &Interface::name) ==
      node.interfaces.end()) {
    std::vector<std::string_view> names;
    names.reserve(node.interfaces.size());
    for (const Interface& interface : node.interfaces) names.push_back(interface.name);
    fail_unknown(fields.source(), fields.at("iface"), "iface",
                 fmt::format("interface of {}", node.name), program.interface, names);
  }
  program.object = *fields.text("object");
  if (program.object.empty()) fields.fail("object", "the name of the file is empty");
  program.section = fields.text("section").value_or(program.section);
  node.xdp = std::move(program);
}

}  // namespace

void read_programs(Draft& draft) {
  for (std::size_t n = 0; n < draft.topology.nodes.size(); ++n) {
    Node& node = draft.topology.nodes[n];
    const Fields& fields = draft.node_drafts[n].fields;
    read_programs_of(draft, node, fields);
    if (const auto sysctl = fields.inner("sysctl")) {
      read_sysctls(node, draft.source, sysctl->table(), {});
    }
    if (const auto xdp = fields.inner("xdp")) read_xdp(node, *xdp);
  }
}

}  // namespace warren::lab
