// Topologies put together in C++, for what no file could say: names that the parser refuses.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <warren/lab/topology.hpp>

namespace warren::lab::test {

class Builder {
 public:
  explicit Builder(std::string name) {
    topology_.name = std::move(name);
    topology_.file = "lab.toml";
  }

  NodeId node(std::string name, NodeKind kind = NodeKind::host) {
    Node node;
    node.name = std::move(name);
    node.kind = kind;
    topology_.nodes.push_back(std::move(node));
    return NodeId(static_cast<std::uint32_t>(topology_.nodes.size() - 1));
  }

  struct End {
    NodeId node;
    std::string interface;
    std::vector<std::string> addresses = {};
  };

  LinkId link(std::string name, const End& first, const End& second, bool wired = false) {
    const LinkId id(static_cast<std::uint32_t>(topology_.links.size()));
    Link link;
    link.name = std::move(name);
    link.wired = wired;
    link.ends = {attach(id, 0, first), attach(id, 1, second)};
    topology_.links.push_back(std::move(link));
    return id;
  }

  void tunnel(std::string name, std::initializer_list<std::pair<NodeId, std::string>> ends) {
    Tunnel tunnel;
    tunnel.name = std::move(name);
    for (const auto& [node, address] : ends) {
      TunnelEnd end;
      end.node = node;
      end.addresses = {*base::InterfaceAddress::parse(address)};
      tunnel.ends.push_back(std::move(end));
    }
    topology_.tunnels.push_back(std::move(tunnel));
  }

  Node& at(NodeId id) { return topology_.nodes.at(id.value()); }
  Link& at(LinkId id) { return topology_.links.at(id.value()); }
  Topology& topology() { return topology_; }

 private:
  LinkEnd attach(LinkId link, std::uint8_t side, const End& end) {
    Node& node = at(end.node);
    Interface interface;
    interface.name = end.interface;
    interface.link = link;
    interface.end = side;
    interface.mac.bytes = {
        std::byte{2},   std::byte{0}, std::byte{0}, std::byte{0}, std::byte(link.value()),
        std::byte(side)};
    for (const std::string& address : end.addresses) {
      interface.addresses.push_back(*base::InterfaceAddress::parse(address));
    }
    node.interfaces.push_back(std::move(interface));
    return {end.node, static_cast<std::uint32_t>(node.interfaces.size() - 1)};
  }

  Topology topology_;
};

}  // namespace warren::lab::test
