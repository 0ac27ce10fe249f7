// What a drawing of a lab shows, before anybody decides how: both graph languages print the same.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <warren/lab/topology.hpp>

namespace warren::lab {

/// An interface in a node's box.
struct PictureRow {
  std::string interface;
  std::vector<std::string> addresses;  ///< with their prefix lengths
  bool tunnel = false;
};

struct PictureBox {
  std::string name;
  NodeKind kind = NodeKind::host;
  std::vector<PictureRow> rows;  ///< empty for a switch: its ports have no addresses
};

struct PictureEnd {
  std::size_t box = 0;
  std::string interface;
};

/// A cable, or a tunnel between two ends.
struct PictureLine {
  PictureEnd from, to;
  std::string name;               ///< empty when it only repeats those of the ends
  std::vector<std::string> text;  ///< what it does to frames, in lines; may be empty
  bool down = false;
};

/// A tunnel whose ends are all peers of each other, three or more: a box of its own instead of a
/// line for each pair.
struct PictureMesh {
  std::string name;
  std::vector<PictureEnd> ends;
};

struct Picture {
  std::string title;
  std::vector<PictureBox> boxes;  ///< one per node, in their order
  std::vector<PictureLine> links;
  std::vector<PictureLine> tunnels;
  std::vector<PictureMesh> meshes;
};

Picture picture_of(const Topology& topology);

/// The word under a node's name; empty for a host.
std::string_view kind_text(NodeKind kind);

std::string dot_text(const Picture& picture);
std::string mermaid_text(const Picture& picture);
/// Runs Graphviz on `dot`; see draw().
std::string svg_from_dot(const std::string& dot);

}  // namespace warren::lab
