// Which networks a node reaches, over which of its neighbours, and how far they are: shortest paths
// over routers and NATs, ties broken by the file's order. A NAT is passed from inside to outside
// only. Tunnels lead to the subnets behind their ends.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include <warren/base/ip.hpp>
#include <warren/lab/topology.hpp>

namespace warren::lab {

/// From a node to a network.
struct Way {
  std::uint32_t distance = 0;              ///< nodes that forward; 0: attached
  std::uint32_t interface = 0;             ///< of the node, where it leaves
  std::optional<base::IpAddress> gateway;  ///< empty when attached
  bool through_nat = false;                ///< leaves a NAT by its outside
  bool by_tunnel = false;                  ///< the node is a tunnel's end and the tunnel is next
};

class Reach {
 public:
  /// Borrows the topology, whose addresses are given out; tunnels may still be added to it.
  explicit Reach(const Topology& topology);

  /// The networks of all links, in the order of their first addresses.
  [[nodiscard]] const std::vector<base::IpNetwork>& networks() const noexcept { return networks_; }
  /// By network; empty where there is no way outside tunnels. Valid until the next call.
  const std::vector<std::optional<Way>>& ways(NodeId from);
  /// The better of the way outside tunnels and the one through a tunnel whose `subnets` name the
  /// network. The network is a link's or a tunnel's.
  std::optional<Way> way(NodeId from, const base::IpNetwork& network);
  /// To the network that has the address: to the end of a tunnel for one of a tunnel.
  std::optional<Way> way(NodeId from, const base::IpAddress& address);

 private:
  struct Member {
    NodeId node;
    std::uint32_t interface = 0;
    base::IpAddress address;
    std::uint32_t network = 0;
  };

  std::vector<std::optional<Way>> search(NodeId from) const;
  void expand(std::uint32_t network, std::vector<std::optional<Way>>& ways,
              std::vector<bool>& expanded, std::vector<std::uint32_t>& queue) const;
  std::optional<Way> way_through(NodeId from, const Tunnel& tunnel, const base::IpNetwork& network);
  std::optional<Way> way_to_forwarder(NodeId from, NodeId to);
  [[nodiscard]] bool is_behind(NodeId node, const TunnelEnd& end) const;

  const Topology& topology_;
  std::vector<base::IpNetwork> networks_;
  std::map<base::IpNetwork, std::uint32_t> index_of_;
  std::vector<std::vector<Member>> of_network_;  ///< in the file's order
  std::vector<std::vector<Member>> of_node_;     ///< in the order of its interfaces
  std::map<NodeId, std::vector<std::optional<Way>>> cache_;
};

}  // namespace warren::lab
