// The steps that make a lab's network out of nothing, in order. Pure: the same file gives the same
// steps on every machine.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include <warren/lab/topology.hpp>

namespace warren::lab {

/// A network namespace with its loopback interface up.
struct CreateNamespace {
  NodeId node;
};
struct SetSysctl {
  NodeId node;
  std::string key;
  std::string value;
};
/// A bridge without spanning tree or multicast snooping, up.
struct CreateBridge {
  NodeId node;
  std::string name;
};
/// One end of a veth pair, or a TAP device.
struct Device {
  NodeId node;
  std::string name;
  base::MacAddress mac;
  std::uint32_t mtu = 1500;
};
struct CreateVeth {
  LinkId link;
  Device first, second;
};
/// A TAP device whose descriptor goes to the wire.
struct CreateTap {
  LinkId link;
  std::uint8_t end = 0;
  Device device;
};
struct JoinBridge {
  NodeId node;
  std::string device;
  std::string bridge;
};
struct AddAddress {
  NodeId node;
  std::string device;
  base::InterfaceAddress address;
};
struct SetUp {
  NodeId node;
  std::string device;
};
struct AddRoute {
  NodeId node;
  StaticRoute route;
};
/// Source address translation of what leaves by `outside` (nftables, masquerade).
struct AddMasquerade {
  NodeId node;
  std::string outside;
};
struct AttachXdp {
  NodeId node;
  XdpProgram program;
};

using Step = std::variant<CreateNamespace, SetSysctl, CreateBridge, CreateVeth, CreateTap,
                          JoinBridge, AddAddress, SetUp, AddRoute, AddMasquerade, AttachXdp>;

std::vector<Step> plan(const Topology& topology);

/// One line per step, for people.
std::string describe(const Topology& topology, const Step& step);
/// A script for /bin/sh that does the same with `ip` and `nft`: `script up` and `script down`.
std::string shell_script(const Topology& topology, const std::vector<Step>& steps);

/// The name of a node's namespace under /run/netns: "LAB-NODE".
std::string namespace_name(const Topology& topology, NodeId node);

enum class GraphFormat : std::uint8_t { dot, mermaid, svg };
/// A picture of the topology: nodes, interfaces with addresses, links with their impairments,
/// tunnels dashed. `svg` needs Graphviz's `dot` and throws base::Error with the remedy where it is
/// missing.
std::string draw(const Topology& topology, GraphFormat format);

}  // namespace warren::lab
