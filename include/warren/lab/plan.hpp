// The steps that make a lab's network out of nothing, in order. Pure: the same file gives the same
// steps on every machine, whoever asks. Any thread may call any of it.
//
// The order is the one that costs least: every namespace with its settings (devices are born with
// what `default` says, and no IPv6 starts where none is wanted), then every device in the namespace
// where it stays, both ends of a pair by one request, then node by node what a device needs, and
// switched on; then node by node routes and rules. A node's steps stand together, so that one
// netlink socket per namespace does all of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <warren/lab/topology.hpp>

namespace warren::lab {

/// A network namespace with its loopback interface up.
struct CreateNamespace {
  NodeId node;
};
/// A setting below /proc/sys as the namespace sees it. One that ends in disable_ipv6 asks for
/// nothing where the kernel has no IPv6 at all.
struct SetSysctl {
  NodeId node;
  std::string key;  ///< see sysctl_path()
  std::string value;
};
/// A bridge without spanning tree or multicast snooping, up.
struct CreateBridge {
  NodeId node;
  std::string name;
  std::uint32_t index = 0;  ///< see Device
};
/// One end of a veth pair, or a TAP device.
struct Device {
  NodeId node;
  std::string name;
  base::MacAddress mac;
  std::uint32_t mtu = 1500;
  /// The interface's index (ifi_index), unique in the lab. A pair with the same index at both ends,
  /// as two new namespaces would give out, is one device to the kernel's link watch: the carrier is
  /// then not urgent and comes up to a second late (linkwatch_urgent_event in
  /// net/core/link_watch.c). A TAP device works with any.
  std::uint32_t index = 0;
};
/// A pair, each end named, with its address and MTU, in its own node, by one request.
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
/// Without duplicate address detection: it would take a second, and addresses are unique.
struct AddAddress {
  NodeId node;
  std::string device;
  base::InterfaceAddress address;
};
struct SetUp {
  NodeId node;
  std::string device;
};
/// In the main table, of protocol `static`.
struct AddRoute {
  NodeId node;
  StaticRoute route;
};
/// Source address translation of what leaves by `outside`, of both families: an nftables table
/// `inet warren` with a chain `postrouting` (type nat, priority srcnat) that masquerades.
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

/// Where a sysctl's file is below /proc/sys: "net.ipv4.ip_forward" is "net/ipv4/ip_forward". As for
/// sysctl(8), a key with slashes keeps its dots, for names like eth0.100. Throws base::Error for a
/// key that would leave /proc/sys.
std::string sysctl_path(std::string_view key);

/// One line per step, for people.
std::string describe(const Topology& topology, const Step& step);
/// A script for any POSIX shell that does the same with `ip` and `nft`: `script up` and `script
/// down`. A wired link is a veth pair there, with a comment that says what the wire would do.
std::string shell_script(const Topology& topology, const std::vector<Step>& steps);

/// The name of a node's namespace under /run/netns: "LAB-NODE". Letters, digits, `_`, `.` and `-`
/// only, at most kNamespaceNameLimit of them; where that takes a change of the name, a hash at its
/// end keeps it apart from the others.
inline constexpr std::size_t kNamespaceNameLimit = 63;
std::string namespace_name(const Topology& topology, NodeId node);

enum class GraphFormat : std::uint8_t { dot, mermaid, svg };
/// A picture of the topology: nodes, interfaces with addresses, links with their impairments,
/// tunnels dashed. `svg` is one <svg> element without prolog, fit for a file and for the body of an
/// HTML page; it runs Graphviz's `dot` and throws base::SystemError with the remedy where that is
/// missing or fails.
std::string draw(const Topology& topology, GraphFormat format);

}  // namespace warren::lab
