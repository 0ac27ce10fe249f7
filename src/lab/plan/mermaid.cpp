// The picture as a Mermaid flowchart, as GitHub and GitLab render it inside a ```mermaid block.
#include <fmt/format.h>  // core.h declares format_to so that clang cannot link it

#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <warren/base/text.hpp>

#include "picture.hpp"

namespace warren::lab {
namespace {

/// Mermaid's own entities (#NN;) for whatever its parser, its Markdown or HTML could take for
/// something else. Letters of all languages stay.
std::string escaped(std::string_view text) {
  constexpr std::string_view kPlain = " .,:-/@%+=()";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = base::is_letter(c) || base::is_digit(c) || byte >= 0x80 ||
                       kPlain.find(c) != std::string_view::npos;
    if (plain) {
      out += c;
    } else {
      out += fmt::format("#{};", byte);
    }
  }
  return out;
}

std::string lines(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) {
    if (!out.empty()) out += "<br/>";
    out += escaped(text);
  }
  return out;
}

struct Shape {
  std::string_view open, close, style;
};

Shape shape_of(NodeKind kind) {
  switch (kind) {
    case NodeKind::host:
      return {"(", ")", "host"};
    case NodeKind::router:
      return {"{{", "}}", "router"};
    case NodeKind::nat:
      return {"[/", "\\]", "nat"};
    case NodeKind::bridge:
      return {"([", "])", "switch"};
  }
  return {"[", "]", "host"};
}

std::string label_of(const PictureBox& box) {
  std::vector<std::string> texts{box.name};
  if (const auto kind = kind_text(box.kind); !kind.empty()) texts.emplace_back(kind);
  for (const PictureRow& row : box.rows) {
    std::string text = row.interface;
    for (const std::string& address : row.addresses) text += " " + address;
    texts.push_back(text);
  }
  return lines(texts);
}

constexpr std::string_view kStyles =
    "  classDef host fill:#e8f0fe,stroke:#4a6fa5,color:#1b2a41\n"
    "  classDef router fill:#e6f4ea,stroke:#3f8f5f,color:#16361f\n"
    "  classDef nat fill:#fef1e0,stroke:#c07a2c,color:#4a2d0c\n"
    "  classDef switch fill:#eceff3,stroke:#75808f,color:#2b3138\n"
    "  classDef tunnel fill:#f3e8fd,stroke:#8e5cc4,color:#3a1d5c,stroke-dasharray:5 4\n";

}  // namespace

std::string mermaid_text(const Picture& picture) {
  std::string out = "flowchart LR\n";
  const auto add = [&](const std::string& line) {
    fmt::format_to(std::back_inserter(out), "  {}\n", line);
  };
  for (std::size_t i = 0; i < picture.boxes.size(); ++i) {
    const PictureBox& box = picture.boxes[i];
    const Shape shape = shape_of(box.kind);
    add(fmt::format("n{}{}\"{}\"{}:::{}", i, shape.open, label_of(box), shape.close, shape.style));
  }
  for (std::size_t i = 0; i < picture.meshes.size(); ++i) {
    add(fmt::format("t{}([\"{}\"]):::tunnel", i, escaped(picture.meshes[i].name)));
  }
  const auto connect = [&](const PictureLine& line, std::string_view arrow) {
    std::vector<std::string> texts = line.text;
    if (!line.name.empty()) texts.insert(texts.begin(), line.name);
    const std::string label = lines(texts);
    add(fmt::format("n{} {}{} n{}", line.from.box, arrow,
                    label.empty() ? "" : fmt::format("|\"{}\"|", label), line.to.box));
  };
  for (const PictureLine& link : picture.links) connect(link, link.down ? "--x" : "---");
  for (const PictureLine& tunnel : picture.tunnels) connect(tunnel, "-.-");
  for (std::size_t i = 0; i < picture.meshes.size(); ++i) {
    for (const PictureEnd& end : picture.meshes[i].ends) {
      add(fmt::format("t{} -.- n{}", i, end.box));
    }
  }
  return out + std::string(kStyles);
}

}  // namespace warren::lab
