// Small labs made in code, for tests of what a topology becomes.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <warren/base/ip.hpp>
#include <warren/lab/topology.hpp>

namespace warren::test {

/// Nodes and links one by one; addresses 10.0.SEGMENT.NODE as the caller writes them.
class LabBuilder {
 public:
  explicit LabBuilder(std::string name) { topology_.name = std::move(name); }

  lab::NodeId node(std::string name, lab::NodeKind kind = lab::NodeKind::host) {
    lab::Node node;
    node.name = std::move(name);
    node.kind = kind;
    topology_.nodes.push_back(std::move(node));
    return lab::NodeId(static_cast<std::uint32_t>(topology_.nodes.size() - 1));
  }

  struct End {
    lab::NodeId node;
    std::string interface;
    std::vector<std::string> addresses;
    std::uint32_t mtu = 1500;
  };

  lab::LinkId link(const End& first, const End& second, bool wired = false) {
    const lab::LinkId id(static_cast<std::uint32_t>(topology_.links.size()));
    lab::Link link;
    link.name = topology_.node(first.node).name + "-" + topology_.node(second.node).name;
    link.wired = wired;
    link.ends = {end(id, 0, first), end(id, 1, second)};
    topology_.links.push_back(std::move(link));
    return id;
  }

  void route(lab::NodeId node, const std::string& network, const std::string& gateway,
             const std::string& interface) {
    topology_.nodes.at(node.value())
        .routes.push_back({.network = *base::IpNetwork::parse(network),
                           .gateway = base::IpAddress::parse(gateway),
                           .interface = interface});
  }

  lab::Topology& topology() { return topology_; }

  /// `hosts` hosts on one switch, each with a default route to the first.
  static lab::Topology star(std::uint32_t hosts, bool wired) {
    LabBuilder builder("star");
    const auto core = builder.node("core", lab::NodeKind::bridge);
    for (std::uint32_t i = 1; i <= hosts; ++i) {
      const auto host = builder.node("host-" + std::to_string(i));
      const auto address = "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1);
      builder.link({host, "eth0", {address + "/16"}}, {core, "port" + std::to_string(i), {}},
                   wired);
      if (i != 1) builder.route(host, "0.0.0.0/0", "10.0.0.2", "eth0");
    }
    return std::move(builder.topology());
  }

 private:
  lab::LinkEnd end(lab::LinkId link, std::uint8_t number, const End& end) {
    auto& interfaces = topology_.nodes.at(end.node.value()).interfaces;
    lab::Interface interface;
    interface.name = end.interface;
    interface.link = link;
    interface.end = number;
    interface.mtu = end.mtu;
    const auto unique = static_cast<std::uint16_t>(link.value() * 2U + number + 1);
    interface.mac.bytes = {std::byte{2},
                           {},
                           {},
                           {},
                           static_cast<std::byte>(unique >> 8),
                           static_cast<std::byte>(unique & 0xff)};
    for (const auto& text : end.addresses) {
      interface.addresses.push_back(*base::InterfaceAddress::parse(text));
    }
    interfaces.push_back(std::move(interface));
    return {end.node, static_cast<std::uint32_t>(interfaces.size() - 1)};
  }

  lab::Topology topology_;
};

}  // namespace warren::test
