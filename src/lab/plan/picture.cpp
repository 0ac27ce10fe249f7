#include "picture.hpp"

#include <fmt/core.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <warren/base/text.hpp>

namespace warren::lab {
namespace {

constexpr std::uint32_t kUsualMtu = 1500;

std::vector<std::string> texts_of(const std::vector<base::InterfaceAddress>& addresses) {
  std::vector<std::string> texts;
  texts.reserve(addresses.size());
  for (const auto& address : addresses) texts.push_back(address.to_string());
  return texts;
}

/// Appends the items of a list ("a, b, c") as lines of about 36 characters, so that a label does
/// not push the nodes apart.
void add_wrapped(std::vector<std::string>& lines, std::string_view text) {
  constexpr std::size_t kWidth = 36;
  std::string line;
  while (!text.empty()) {
    const std::size_t comma = text.find(", ");
    const std::string_view item = text.substr(0, comma);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 2);
    if (!line.empty() && line.size() + item.size() + 2 > kWidth) {
      lines.push_back(line + ",");
      line.clear();
    }
    if (!line.empty()) line += ", ";
    line += item;
  }
  if (!line.empty()) lines.push_back(line);
}

PictureBox box_of(const Node& node) {
  PictureBox box{base::printable(node.name), node.kind, {}};
  if (node.kind == NodeKind::bridge) return box;
  for (const Interface& interface : node.interfaces) {
    box.rows.push_back({base::printable(interface.name), texts_of(interface.addresses), false});
  }
  return box;
}

class Painter {
 public:
  explicit Painter(const Topology& topology) : topology_(topology) {}

  Picture paint() && {
    picture_.title = base::printable(topology_.name);
    for (const Node& node : topology_.nodes) picture_.boxes.push_back(box_of(node));
    for (const Link& link : topology_.links) picture_.links.push_back(line_of(link));
    for (const Tunnel& tunnel : topology_.tunnels) add_tunnel(tunnel);
    return std::move(picture_);
  }

 private:
  [[nodiscard]] PictureEnd end_of(const LinkEnd& end) const {
    return {end.node.value(), base::printable(topology_.interface(end).name)};
  }
  [[nodiscard]] std::string node_of(const LinkEnd& end) const {
    return base::printable(topology_.node(end.node).name);
  }

  /// Both directions: one line when they are alike, else one each, with who sends to whom, since a
  /// layout may put either end on the left.
  [[nodiscard]] PictureLine line_of(const Link& link) const {
    PictureLine line{end_of(link.ends[0]), end_of(link.ends[1]), {}, {}, false};
    const std::string first = node_of(link.ends[0]);
    const std::string second = node_of(link.ends[1]);
    if (link.name !=
        topology_.node(link.ends[0].node).name + "-" + topology_.node(link.ends[1].node).name) {
      line.name = base::printable(link.name);
    }
    const std::uint32_t mtu = topology_.interface(link.ends[0]).mtu;
    if (mtu != kUsualMtu) line.text.push_back(fmt::format("MTU {}", mtu));
    std::array<std::string, 2> texts;
    for (std::size_t i = 0; i < 2; ++i) {
      texts.at(i) = base::printable(describe(link.settings.at(i)));
      line.down = line.down || !link.settings.at(i).up;
    }
    if (texts[0] == texts[1]) {
      add_wrapped(line.text, texts[0]);
      return line;
    }
    const auto add = [&](const std::string& from, const std::string& to, const std::string& text) {
      add_wrapped(line.text,
                  fmt::format("{} → {}: {}", from, to, text.empty() ? "unimpaired" : text));
    };
    add(first, second, texts[0]);
    add(second, first, texts[1]);
    return line;
  }

  void add_tunnel(const Tunnel& tunnel) {
    const std::string name = base::printable(tunnel.name);
    std::vector<PictureEnd> ends;
    for (const TunnelEnd& end : tunnel.ends) {
      const std::size_t box = end.node.value();
      picture_.boxes.at(box).rows.push_back({name, texts_of(end.addresses), true});
      ends.push_back({box, name});
    }
    if (!tunnel.hub && ends.size() > 2) {
      picture_.meshes.push_back({name, std::move(ends)});
      return;
    }
    const std::size_t hub = tunnel.hub.value_or(0);
    for (std::size_t i = 0; i < ends.size(); ++i) {
      if (i != hub) picture_.tunnels.push_back({ends.at(hub), ends[i], name, {}, false});
    }
  }

  const Topology& topology_;
  Picture picture_;
};

}  // namespace

Picture picture_of(const Topology& topology) {
  return Painter(topology).paint();
}

std::string_view kind_text(NodeKind kind) {
  switch (kind) {
    case NodeKind::host:
      return "";
    case NodeKind::router:
      return "router";
    case NodeKind::nat:
      return "NAT";
    case NodeKind::bridge:
      return "switch";
  }
  return "";
}

}  // namespace warren::lab
