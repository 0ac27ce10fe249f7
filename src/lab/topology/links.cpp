// [[link]]: ends and interfaces, settings of both directions, whether it goes through the wire.
#include <fmt/core.h>

#include <algorithm>
#include <string>
#include <utility>

#include <warren/config/values.hpp>

#include "disjoint_sets.hpp"
#include "draft.hpp"
#include "limits.hpp"
#include "structure.hpp"

namespace warren::lab {
namespace {

/// "alice:eth0", "alice", "leaf-*:eth0".
struct WrittenEnd {
  std::vector<NodeId> nodes;
  bool is_group = false;
  EndDraft end;
};

WrittenEnd read_end(const Draft& draft, const std::string& text, config::Position at) {
  WrittenEnd result;
  const std::size_t colon = text.find(':');
  const std::string_view name = std::string_view(text).substr(0, colon);
  result.end.at = at;
  if (colon != std::string::npos) {
    result.end.interface = text.substr(colon + 1);
    if (const auto bad = check_device_name(result.end.interface)) {
      draft.source.fail(at, fmt::format("`ends`: {}", bad->message), bad->hint);
    }
  }
  if (!name.ends_with("-*")) {
    result.nodes.push_back(draft.find_node("ends", name, at));
    return result;
  }
  const std::string_view group = name.substr(0, name.size() - 2);
  const auto found = draft.groups.find(group);
  if (found == draft.groups.end()) {
    draft.source.fail(at,
                      fmt::format("`ends`: {} is for nodes made by `count`, and there is no such "
                                  "[node.{}]",
                                  config::in_quotes(name), group),
                      fmt::format("write count = 10 in [node.{}]", group));
  }
  result.nodes = found->second;
  result.is_group = true;
  return result;
}

/// Adds the interface; its name stays empty when none was written.
LinkEnd add_interface(Draft& draft, NodeId id, const EndDraft& end, LinkId link, std::uint8_t side,
                      std::uint32_t mtu) {
  Node& node = draft.node(id);
  if (!end.interface.empty() && std::ranges::find(node.interfaces, end.interface,
                                                  &Interface::name) != node.interfaces.end()) {
    draft.source.fail(end.at,
                      fmt::format("`ends`: {} has an interface {} already", node.name,
                                  config::in_quotes(end.interface)),
                      "an interface is the end of one link");
  }
  Interface interface;
  interface.name = end.interface;
  interface.link = link;
  interface.end = side;
  interface.mtu = mtu;
  node.interfaces.push_back(std::move(interface));
  return {.node = id, .interface = static_cast<std::uint32_t>(node.interfaces.size() - 1)};
}

Impairment read_direction(const Draft& draft, const Fields& fields, bool with_mtu) {
  Impairment impairment;
  if (const auto name = fields.text("profile")) {
    const auto found = draft.profiles.find(*name);
    if (found == draft.profiles.end()) {
      fail_unknown(draft.source, fields.at("profile"), "profile", "profile", *name,
                   names_of(draft.profiles));
    }
    impairment = found->second;
  }
  read_impairment(fields, draft.files, with_mtu, impairment);
  check_impairment(draft.source, impairment);
  return impairment;
}

void read_addresses(const Draft& draft, LinkDraft& link) {
  const Fields& fields = link.fields;
  for (const auto& [text, at] : fields.texts("subnet")) {
    const auto network = fields.take("subnet", at, config::parse_network(text));
    link.subnets.push_back({network, at});
  }
  const config::Entry* entry = fields.find("addresses");
  if (entry == nullptr) return;
  link.has_addresses = true;
  const auto& items = entry->value.get_if<config::Array>()->items;
  if (items.size() != link.ends.size()) {
    fields.fail("addresses",
                fmt::format("a link has two ends, and these are {} items", items.size()),
                "one item for each end: a string, a list of strings, or \"\" for none");
  }
  for (std::size_t side = 0; side < link.ends.size(); ++side) {
    const auto add = [&](const config::Value& value) {
      const std::string& text = *value.get_if<std::string>();
      if (text.empty()) return;
      const auto address =
          fields.take("addresses", value.at, config::parse_interface_address(text));
      if (text.find('/') == std::string::npos) {
        draft.source.fail(
            value.at, fmt::format("`addresses`: {} has no prefix length", config::in_quotes(text)),
            fmt::format("for example \"{}/{}\"", text, address.address.is_v4() ? 24 : 64));
      }
      link.addresses[side].push_back({address, value.at});
    };
    if (const auto* list = items[side].get_if<config::Array>()) {
      for (const config::Value& each : list->items) add(each);
    } else {
      add(items[side]);
    }
  }
}

class LinkReader {
 public:
  LinkReader(Draft& draft, const Fields& fields) : draft_(draft), fields_(fields) {}

  void read() {
    const auto ends = fields_.texts("ends");
    if (ends.size() != 2) {
      fields_.fail("ends", fmt::format("a link has two ends, not {}", ends.size()),
                   "more than two nodes meet in a switch: [node.core] kind = \"switch\"");
    }
    std::array<WrittenEnd, 2> written = {read_end(draft_, ends[0].value, ends[0].at),
                                         read_end(draft_, ends[1].value, ends[1].at)};
    if (written[0].is_group && written[1].is_group) {
      fields_.fail("ends", "only one of the ends can have a `*`",
                   "let the nodes meet in a switch or a router");
    }
    const bool many = written[0].is_group || written[1].is_group;
    if (many && fields_.has("addresses")) {
      draft_.source.fail(fields_.find("addresses")->at,
                         "`addresses` cannot be the same for many links", "write subnet = \"…\"");
    }
    read_settings();
    const std::size_t count = std::max(written[0].nodes.size(), written[1].nodes.size());
    for (std::size_t i = 0; i < count; ++i) {
      const auto pick = [&](const WrittenEnd& end) {
        return end.nodes[end.is_group ? i : std::size_t{0}];
      };
      add({pick(written[0]), pick(written[1])}, {written[0].end, written[1].end},
          many ? std::optional(i + 1) : std::nullopt);
    }
  }

 private:
  void read_settings() {
    forward_ = read_direction(draft_, fields_, false).settings;
    const auto reverse = fields_.inner("reverse");
    back_ = reverse ? read_direction(draft_, *reverse, true).settings : forward_;
    mtu_ = static_cast<std::uint32_t>(fields_.integer("mtu").value_or(1500));
    if (const auto name = fields_.text("name")) {
      fields_.check("name", fields_.at("name"), check_name(*name));
    }
  }

  void add(std::array<NodeId, 2> nodes, std::array<EndDraft, 2> ends,
           std::optional<std::size_t> number) {
    Topology& topology = draft_.topology;
    if (topology.links.size() == kMaxLinks) {
      draft_.source.fail(fields_.at(), fmt::format("more than {} links", kMaxLinks));
    }
    if (nodes[0] == nodes[1]) {
      fields_.fail("ends", fmt::format("both ends are {}", draft_.node(nodes[0]).name),
                   "a link joins two nodes");
    }
    const LinkId id(static_cast<std::uint32_t>(topology.links.size()));
    Link link;
    link.place = place_of(fields_.at());
    for (std::uint8_t side = 0; side < 2; ++side) {
      link.ends.at(side) = add_interface(draft_, nodes.at(side), ends.at(side), id, side, mtu_);
    }
    link.settings = {forward_, back_};
    LinkDraft link_draft{.fields = fields_,
                         .ends = std::move(ends),
                         .subnets = {},
                         .has_addresses = false,
                         .addresses = {},
                         .wired = {},
                         .chosen_name = fields_.has("name")};
    if (const auto wired = fields_.boolean("wired")) {
      link_draft.wired = Placed<bool>{*wired, fields_.at("wired")};
      link.wired = *wired;
    }
    read_addresses(draft_, link_draft);
    if (link_draft.chosen_name) {
      link.name = *fields_.text("name");
      if (number) link.name += fmt::format("-{}", *number);
      name(link.name, id);
    }
    topology.links.push_back(std::move(link));
    draft_.link_drafts.push_back(std::move(link_draft));
    if (!forward_.passes_all() || !back_.passes_all()) {
      draft_.require_wire(id, "the link is impaired");
    }
  }

  void name(const std::string& name, LinkId id) {
    if (!draft_.links.emplace(name, id).second) {
      fields_.fail("name",
                   fmt::format("a link called {} is there already", config::in_quotes(name)));
    }
  }

  Draft& draft_;
  Fields fields_;
  impair::Settings forward_, back_;
  std::uint32_t mtu_ = 1500;
};

/// "alice-gate" for links without a name, once all chosen names are known.
void name_links(Draft& draft) {
  for (std::size_t i = 0; i < draft.topology.links.size(); ++i) {
    if (draft.link_drafts[i].chosen_name) continue;
    Link& link = draft.topology.links[i];
    const std::string plain = fmt::format("{}-{}", draft.node(link.ends[0].node).name,
                                          draft.node(link.ends[1].node).name);
    link.name = plain;
    const LinkId id(static_cast<std::uint32_t>(i));
    for (std::size_t number = 2; !draft.links.emplace(link.name, id).second; ++number) {
      link.name = fmt::format("{}-{}", plain, number);
    }
  }
}

/// ethN for interfaces without a name, and the Ethernet addresses.
void name_interfaces(Draft& draft) {
  for (std::size_t n = 0; n < draft.topology.nodes.size(); ++n) {
    Node& node = draft.topology.nodes[n];
    std::size_t number = 0;
    for (std::size_t i = 0; i < node.interfaces.size(); ++i) {
      Interface& interface = node.interfaces[i];
      while (interface.name.empty()) {
        std::string name = fmt::format("eth{}", number++);
        if (std::ranges::find(node.interfaces, name, &Interface::name) == node.interfaces.end()) {
          interface.name = std::move(name);
        }
      }
      // Locally administered (IEEE 802, bit 1 of the first byte); the rest says whose it is.
      const auto byte = [](std::size_t value, unsigned shift) {
        return static_cast<std::byte>((value >> shift) & 0xff);
      };
      interface.mac.bytes = {std::byte{0x02}, std::byte{0x57}, byte(n + 1, 8),
                             byte(n + 1, 0),  byte(i, 8),      byte(i, 0)};
    }
  }
}

/// The interface that hides the others, of each NAT.
void find_outsides(Draft& draft) {
  for (std::size_t n = 0; n < draft.topology.nodes.size(); ++n) {
    Node& node = draft.topology.nodes[n];
    if (node.kind != NodeKind::nat) continue;
    const NodeDraft& written = draft.node_drafts[n];
    std::vector<std::string_view> names;
    names.reserve(node.interfaces.size());
    for (const Interface& interface : node.interfaces) names.push_back(interface.name);
    const auto has = [&](std::string_view name) {
      return std::ranges::find(names, name) != names.end();
    };
    if (const auto outside = written.fields.text("outside")) {
      if (!has(*outside)) {
        fail_unknown(draft.source, written.fields.at("outside"), "outside",
                     fmt::format("interface of {}", node.name), *outside, names);
      }
      node.outside = *outside;
      continue;
    }
    for (const std::string_view name : {"wan", "outside"}) {
      if (node.outside.empty() && has(name)) node.outside = name;
    }
    if (node.outside.empty()) {
      draft.source.fail(
          written.at,
          fmt::format("the NAT {} does not say which interface is its outside", node.name),
          "write outside = \"…\", or call the interface wan or outside");
    }
  }
}

}  // namespace

void Draft::require_wire(LinkId id, std::string_view why) {
  const std::optional<Placed<bool>>& written = link_drafts.at(id.value()).wired;
  if (written && !written->value) {
    source.fail(written->at, fmt::format("`wired`: {}, so Warren's wire has to carry it", why),
                "leave `wired` out");
  }
  link(id).wired = true;
}

void read_links(Draft& draft) {
  for (const Fields& fields : draft.document.list("link")) LinkReader(draft, fields).read();
  name_links(draft);
  name_interfaces(draft);
  find_outsides(draft);
}

void refuse_loops(const Draft& draft) {
  const Topology& topology = draft.topology;
  DisjointSets joined(topology.nodes.size());
  for (std::size_t i = 0; i < topology.links.size(); ++i) {
    const Link& link = topology.links[i];
    const auto is_switch = [&](const LinkEnd& end) {
      return topology.node(end.node).kind == NodeKind::bridge;
    };
    if (!std::ranges::all_of(link.ends, is_switch)) continue;
    // One that is down may take over when another fails.
    if (!link.settings[0].up || !link.settings[1].up) continue;
    if (joined.join(link.ends[0].node.value(), link.ends[1].node.value())) continue;
    draft.source.fail(
        draft.link_drafts[i].fields.at(),
        fmt::format("the switches {} and {} are joined already, and frames would go "
                    "around for ever",
                    topology.node(link.ends[0].node).name, topology.node(link.ends[1].node).name),
        "leave the link out, begin with `up = false`, or put a router between");
  }
}

}  // namespace warren::lab
