// The order of the steps and the reason for it are in plan.hpp.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <warren/lab/plan.hpp>

namespace warren::lab {
namespace {

bool is_v6(const base::InterfaceAddress& address) {
  return !address.address.is_v4();
}

/// Whether the sysctl belongs to one device (net.ipv4.conf.eth0.rp_filter), which has to exist
/// first. `all` and `default` are always there.
bool is_of_a_device(std::string_view key) {
  const char separator = key.find('/') == std::string_view::npos ? '.' : '/';
  for (const std::string_view group : {"conf", "neigh"}) {
    const std::string framed = separator + std::string(group) + separator;
    const auto at = key.find(framed);
    if (at == std::string_view::npos) continue;
    const std::string_view rest = key.substr(at + framed.size());
    const std::string_view device = rest.substr(0, rest.find(separator));
    return device != "all" && device != "default";
  }
  return false;
}

class Planner {
 public:
  explicit Planner(const Topology& topology) : topology_(topology), has_v6_(nodes_with_v6()) {}

  std::vector<Step> steps() && {
    for (const NodeId id : ids()) namespace_of(id);
    for (const NodeId id : ids()) bridge_of(id);
    for (std::uint32_t i = 0; i < topology_.links.size(); ++i) devices_of(LinkId(i));
    for (const NodeId id : ids()) interfaces_of(id);
    for (const NodeId id : ids()) routes_of(id);
    return std::move(steps_);
  }

 private:
  [[nodiscard]] std::vector<NodeId> ids() const {
    std::vector<NodeId> ids;
    ids.reserve(topology_.nodes.size());
    for (std::uint32_t i = 0; i < topology_.nodes.size(); ++i) ids.emplace_back(i);
    return ids;
  }

  void add(Step step) { steps_.push_back(std::move(step)); }

  /// Nodes that have an IPv6 address of their own or of a tunnel's end, or whose file speaks of
  /// IPv6.
  [[nodiscard]] std::vector<bool> nodes_with_v6() const {
    std::vector<bool> has(topology_.nodes.size());
    for (std::size_t i = 0; i < has.size(); ++i) {
      const Node& node = topology_.nodes[i];
      has[i] = std::ranges::any_of(node.interfaces,
                                   [](const Interface& interface) {
                                     return std::ranges::any_of(interface.addresses, is_v6);
                                   }) ||
               std::ranges::any_of(
                   node.routes,
                   [](const StaticRoute& route) { return !route.network.address().is_v4(); }) ||
               std::ranges::any_of(node.sysctls, [](const auto& sysctl) {
                 return sysctl_path(sysctl.first).starts_with("net/ipv6/");
               });
    }
    for (const Tunnel& tunnel : topology_.tunnels) {
      for (const TunnelEnd& end : tunnel.ends) {
        if (std::ranges::any_of(end.addresses, is_v6)) has.at(end.node.value()) = true;
      }
    }
    return has;
  }

  void namespace_of(NodeId id) {
    const Node& node = topology_.node(id);
    add(CreateNamespace{id});
    const auto set = [&](const char* key, const char* value) { add(SetSysctl{id, key, value}); };
    const bool has_v6 = has_v6_[id.value()] && node.kind != NodeKind::bridge;
    if (node.kind == NodeKind::router || node.kind == NodeKind::nat) {
      // First: it gives other settings their defaults for routers.
      set("net.ipv4.ip_forward", "1");
      if (has_v6) set("net.ipv6.conf.all.forwarding", "1");
    }
    if (node.kind != NodeKind::bridge) {
      // A new namespace inherits these from the machine: often strict or loose filtering, which
      // breaks asymmetric paths.
      set("net.ipv4.conf.all.rp_filter", "0");
      set("net.ipv4.conf.default.rp_filter", "0");
      // What one connection learned of a path must not change the next one's start.
      set("net.ipv4.tcp_no_metrics_save", "1");
    }
    if (has_v6) {
      // Link-local addresses are usable at once, and nobody asks for a router that is not there.
      set("net.ipv6.conf.default.accept_dad", "0");
      set("net.ipv6.conf.default.accept_ra", "0");
      set("net.ipv6.conf.default.router_solicitations", "0");
    } else {
      // Without it each device would announce itself by IPv6. The loopback interface keeps ::1.
      set("net.ipv6.conf.default.disable_ipv6", "1");
    }
    for (const auto& [key, value] : node.sysctls) {
      if (!is_of_a_device(key)) add(SetSysctl{id, key, value});
    }
  }

  /// A name that no interface of the switch has.
  static std::string bridge_name(const Node& node) {
    for (int i = 0;; ++i) {
      std::string name = "br" + std::to_string(i);
      if (std::ranges::none_of(node.interfaces,
                               [&](const Interface& port) { return port.name == name; })) {
        return name;
      }
    }
  }

  void bridge_of(NodeId id) {
    const Node& node = topology_.node(id);
    if (node.kind == NodeKind::bridge) add(CreateBridge{id, bridge_name(node), next_index_++});
  }

  Device device_of(const LinkEnd& end) {
    const Interface& interface = topology_.interface(end);
    return {end.node, interface.name, interface.mac, interface.mtu, next_index_++};
  }

  void devices_of(LinkId id) {
    const Link& link = topology_.link(id);
    if (!link.wired) {
      add(CreateVeth{id, device_of(link.ends[0]), device_of(link.ends[1])});
      return;
    }
    for (std::uint8_t end = 0; end < 2; ++end) add(CreateTap{id, end, device_of(link.ends[end])});
  }

  void interfaces_of(NodeId id) {
    const Node& node = topology_.node(id);
    for (const auto& [key, value] : node.sysctls) {
      if (is_of_a_device(key)) add(SetSysctl{id, key, value});
    }
    for (const Interface& interface : node.interfaces) {
      if (node.kind == NodeKind::bridge) add(JoinBridge{id, interface.name, bridge_name(node)});
      for (const auto& address : interface.addresses) add(AddAddress{id, interface.name, address});
      add(SetUp{id, interface.name});
    }
  }

  void routes_of(NodeId id) {
    const Node& node = topology_.node(id);
    for (const StaticRoute& route : node.routes) add(AddRoute{id, route});
    if (node.kind == NodeKind::nat) add(AddMasquerade{id, node.outside});
    if (node.xdp) add(AttachXdp{id, *node.xdp});
  }

  const Topology& topology_;
  const std::vector<bool> has_v6_;
  std::vector<Step> steps_;
  std::uint32_t next_index_ = 2;  // 1 is the loopback interface
};

}  // namespace

std::vector<Step> plan(const Topology& topology) {
  return Planner(topology).steps();
}

}  // namespace warren::lab
