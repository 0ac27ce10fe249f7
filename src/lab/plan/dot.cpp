// The picture in Graphviz's language. The colours are of middling lightness on a transparent
// ground, and what is inside a box brings its own ground: it reads on white and on black.
#include <fmt/format.h>  // core.h declares format_to so that clang cannot link it

#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>

#include "picture.hpp"

namespace warren::lab {
namespace {

/// For labels in angle brackets.
std::string html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

/// A quoted identifier.
std::string id(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

/// A node's name cannot have an `@`: "bob@wr0" is an end of a tunnel.
std::string mesh_id(const PictureMesh& mesh) {
  return id(fmt::format("@{}", mesh.name));
}

struct Look {
  std::string_view shape, fill, line, text;
};

Look look_of(NodeKind kind) {
  switch (kind) {
    case NodeKind::host:
      return {"box", "#e8f0fe", "#4a6fa5", "#1b2a41"};
    case NodeKind::router:
      return {"hexagon", "#e6f4ea", "#3f8f5f", "#16361f"};
    case NodeKind::nat:
      return {"octagon", "#fef1e0", "#c07a2c", "#4a2d0c"};
    case NodeKind::bridge:
      return {"box", "#eceff3", "#75808f", "#2b3138"};
  }
  return {"box", "#ffffff", "#75808f", "#000000"};
}

constexpr std::string_view kTunnelLine = "#9a6bd0";
constexpr std::string_view kTunnelText = "#6b3fa0";

/// The name, then a row per interface: its name, its addresses below each other.
std::string table_of(const PictureBox& box, const Look& look) {
  std::string out = R"(<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2">)";
  std::string heading = fmt::format("<B>{}</B>", html(box.name));
  if (const auto kind = kind_text(box.kind); !kind.empty()) {
    heading += fmt::format(R"(<FONT POINT-SIZE="9" COLOR="{}">  {}</FONT>)", look.line, kind);
  }
  fmt::format_to(std::back_inserter(out), R"(<TR><TD COLSPAN="2">{}</TD></TR>)", heading);
  for (const PictureRow& row : box.rows) {
    const auto colour = row.tunnel ? kTunnelText : look.text;
    std::string addresses;
    for (const std::string& address : row.addresses) {
      addresses += html(address) + R"(<BR ALIGN="LEFT"/>)";
    }
    fmt::format_to(std::back_inserter(out),
                   R"(<TR><TD ALIGN="LEFT" VALIGN="TOP"><FONT POINT-SIZE="10" COLOR="{0}">)"
                   R"(<B>{1}</B></FONT></TD><TD ALIGN="LEFT" VALIGN="TOP">)"
                   R"(<FONT POINT-SIZE="10" COLOR="{0}">{2}</FONT></TD></TR>)",
                   colour, html(row.interface), addresses.empty() ? " " : addresses);
  }
  return out + "</TABLE>";
}

std::string label_of(const PictureLine& line) {
  std::string out = line.name.empty() ? "" : fmt::format("<B>{}</B>", html(line.name));
  for (const std::string& text : line.text) {
    if (!out.empty()) out += "<BR/>";
    out += html(text);
  }
  return out;
}

constexpr std::string_view kSettings =
    "  graph [rankdir=LR, bgcolor=\"transparent\", pad=0.3, nodesep=0.45, ranksep=0.9]\n"
    "  node [style=\"rounded,filled\", fontname=\"Helvetica,Arial,sans-serif\", fontsize=13, "
    "penwidth=1.4, margin=\"0.12,0.06\"]\n"
    "  edge [fontname=\"Helvetica,Arial,sans-serif\", fontsize=10, color=\"#7f8a99\", "
    "fontcolor=\"#75808f\", penwidth=1.6]\n";

}  // namespace

std::string dot_text(const Picture& picture) {
  std::string out = fmt::format("graph {} {{\n{}\n", id(picture.title), kSettings);
  const auto add = [&](const std::string& line) {
    fmt::format_to(std::back_inserter(out), "  {}\n", line);
  };
  const auto name = [&](const PictureEnd& end) { return id(picture.boxes.at(end.box).name); };
  for (const PictureBox& box : picture.boxes) {
    const Look look = look_of(box.kind);
    add(fmt::format("{} [shape={}, fillcolor=\"{}\", color=\"{}\", fontcolor=\"{}\", label=<{}>]",
                    id(box.name), look.shape, look.fill, look.line, look.text,
                    table_of(box, look)));
  }
  for (const PictureMesh& mesh : picture.meshes) {
    add(
        fmt::format("{} [shape=box, style=\"rounded,dashed\", color=\"{}\", fontcolor=\"{}\", "
                    "fontsize=11, label=<{}>]",
                    mesh_id(mesh), kTunnelLine, kTunnelLine, html(mesh.name)));
  }
  out += '\n';
  for (const PictureLine& link : picture.links) {
    const std::string label = label_of(link);
    std::string attributes;
    if (!label.empty()) attributes = fmt::format("label=<{}>", label);
    if (link.down) {
      attributes += fmt::format("{}color=\"#c0504d\", style=dotted", label.empty() ? "" : ", ");
    }
    add(fmt::format("{} -- {}{}", name(link.from), name(link.to),
                    attributes.empty() ? "" : fmt::format(" [{}]", attributes)));
  }
  // Tunnels follow the layout of the links, they do not make it.
  for (const PictureLine& tunnel : picture.tunnels) {
    add(fmt::format(
        "{} -- {} [style=dashed, constraint=false, color=\"{}\", fontcolor=\"{}\", "
        "label=<{}>]",
        name(tunnel.from), name(tunnel.to), kTunnelLine, kTunnelLine, label_of(tunnel)));
  }
  for (const PictureMesh& mesh : picture.meshes) {
    for (const PictureEnd& end : mesh.ends) {
      add(fmt::format("{} -- {} [style=dashed, color=\"{}\"]", name(end), mesh_id(mesh),
                      kTunnelLine));
    }
  }
  return out + "}\n";
}

}  // namespace warren::lab
