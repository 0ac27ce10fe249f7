#include <fmt/core.h>

#include <algorithm>

#include <warren/lab/topology.hpp>

namespace warren::lab {

std::optional<NodeId> Topology::find_node(std::string_view node_name) const noexcept {
  const auto found = std::ranges::find(nodes, node_name, &Node::name);
  if (found == nodes.end()) return {};
  return NodeId(static_cast<std::uint32_t>(found - nodes.begin()));
}

std::optional<LinkId> Topology::find_link(std::string_view link_name) const noexcept {
  const auto found = std::ranges::find(links, link_name, &Link::name);
  if (found == links.end()) return {};
  return LinkId(static_cast<std::uint32_t>(found - links.begin()));
}

std::optional<std::string> Topology::needs_root() const {
  for (const Node& node : nodes) {
    if (!node.xdp) continue;
    // CAP_BPF is asked for in the first user namespace (bpf(2)).
    return fmt::format("{} attaches the XDP program {}, and the kernel lets only root load one",
                       node.name, node.xdp->object.native());
  }
  return {};
}

}  // namespace warren::lab
