// [node.…]: names and kinds. What names interfaces is read after the links (programs.cpp).
#include <fmt/core.h>

#include <algorithm>
#include <string>

#include <warren/base/text.hpp>

#include "draft.hpp"
#include "limits.hpp"
#include "structure.hpp"

namespace warren::lab {
namespace {

/// The reader of keys has seen that it is one.
NodeKind kind_of(std::string_view text) noexcept {
  return static_cast<NodeKind>(std::ranges::find(kNodeKinds, text) - kNodeKinds.begin());
}

void check_kind(const Fields& fields, NodeKind kind) {
  if (kind != NodeKind::nat && fields.has("outside")) {
    fields.source().fail(fields.find("outside")->at, "`outside` is for kind = \"nat\" only",
                         "write kind = \"nat\", or leave it out");
  }
  if (kind != NodeKind::bridge) return;
  for (const char* key : {"run", "routes", "sysctl", "xdp"}) {
    if (!fields.has(key)) continue;
    fields.source().fail(fields.find(key)->at,
                         fmt::format("a switch has no `{}`: it joins links and nothing else", key),
                         "connect a host to it");
  }
}

void add_node(Draft& draft, std::string name, const Fields& fields, config::Position at,
              NodeKind kind) {
  if (draft.nodes.contains(name)) {
    draft.source.fail(at, fmt::format("a node called {} is there already", config::in_quotes(name)),
                      "`count` makes NAME-1, NAME-2, …");
  }
  if (draft.topology.nodes.size() == kMaxNodes) {
    draft.source.fail(at, fmt::format("more than {} nodes", kMaxNodes));
  }
  const NodeId id(static_cast<std::uint32_t>(draft.topology.nodes.size()));
  Node node;
  node.name = name;
  node.kind = kind;
  node.place = place_of(at);
  draft.topology.nodes.push_back(std::move(node));
  draft.node_drafts.push_back({.fields = fields, .at = at, .outside = {}});
  draft.nodes.emplace(std::move(name), id);
}

/// Names that would mean something else where node names are used.
void check_node_name(const Draft& draft, const std::string& name, config::Position at) {
  draft.check_new_name(name, at, "node");
  if (name == "localhost") {
    draft.source.fail(at, "a node cannot be called localhost",
                      "each node calls itself so in /etc/hosts");
  }
  if (std::ranges::all_of(name, [](char c) { return base::is_digit(c) || c == '.'; })) {
    draft.source.fail(
        at,
        fmt::format("a node cannot be called {}: it could be an address", config::in_quotes(name)),
        "put a letter in front");
  }
}

}  // namespace

void Draft::check_new_name(const std::string& name, config::Position at,
                           std::string_view key) const {
  if (const auto bad = check_name(name)) {
    source.fail(at, fmt::format("`{}`: {}", key, bad->message), bad->hint);
  }
}

void Draft::take_log(const Fields& fields, std::string_view key, const Node& to,
                     std::string_view name) {
  const auto [known, is_new] = logs.emplace(fmt::format("{}.{}", to.name, name), fields.at(key));
  if (is_new) return;
  fields.fail(key,
              fmt::format("{} would write into the log of line {}: {}.log", config::in_quotes(name),
                          known->second.line, known->first),
              "give it another name");
}

void read_nodes(Draft& draft) {
  const auto nodes = draft.document.inner("node");
  if (!nodes || nodes->table().entries.empty()) {
    draft.source.fail({}, "there is no node", "write [node.alice]");
  }
  for (const config::Entry& entry : nodes->table().entries) {
    check_node_name(draft, entry.key, entry.at);
    const Fields fields(draft.source, *entry.value.get_if<config::Table>(), entry.value.at);
    const NodeKind kind = kind_of(fields.text("kind").value_or("host"));
    check_kind(fields, kind);
    const auto count = fields.integer("count");
    if (!count) {
      add_node(draft, entry.key, fields, entry.at, kind);
      continue;
    }
    std::vector<NodeId>& group = draft.groups[entry.key];
    for (std::int64_t i = 1; i <= *count; ++i) {
      std::string name = fmt::format("{}-{}", entry.key, i);
      draft.check_new_name(name, entry.at, "node");
      add_node(draft, std::move(name), fields, entry.at, kind);
      group.emplace_back(static_cast<std::uint32_t>(draft.topology.nodes.size() - 1));
    }
  }
}

NodeId Draft::find_node(std::string_view key, std::string_view name, config::Position at) const {
  if (const auto found = nodes.find(name); found != nodes.end()) return found->second;
  if (groups.contains(name)) {
    source.fail(at,
                fmt::format("`{}`: {} is {} nodes", key, config::in_quotes(name),
                            groups.find(name)->second.size()),
                fmt::format("name one of them: \"{}-1\"", name));
  }
  fail_unknown(source, at, key, "node", name, names_of(nodes));
}

NodeId Draft::find_host(std::string_view key, std::string_view name, config::Position at) const {
  const NodeId id = find_node(key, name, at);
  if (topology.node(id).kind == NodeKind::bridge) {
    source.fail(at,
                fmt::format("`{}`: {} is a switch, which has no address and runs nothing", key,
                            config::in_quotes(name)),
                "name a host, or connect one to it");
  }
  return id;
}

NodeId Draft::node_of(const Fields& fields, std::string_view key) const {
  return find_node(key, *fields.text(key), fields.at(key));
}

NodeId Draft::host_of(const Fields& fields, std::string_view key) const {
  return find_host(key, *fields.text(key), fields.at(key));
}

LinkId Draft::link_of(const Fields& fields, std::string_view key) const {
  const std::string name = *fields.text(key);
  if (const auto found = links.find(name); found != links.end()) return found->second;
  fail_unknown(source, fields.at(key), key, "link", name, names_of(links));
}

}  // namespace warren::lab
