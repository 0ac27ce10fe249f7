// Many changes to a network namespace over rtnetlink(7) with few system calls: requests are
// gathered and sent together, and their answers are read together. For who makes a whole network at
// once; netlink.hpp is for single questions and changes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <warren/base/ip.hpp>
#include <warren/system/netlink.hpp>

namespace warren::system {

/// One end of a veth pair.
struct VethEnd {
  int netns = -1;  ///< where it comes into being; borrowed until the flush
  std::string name;
  base::MacAddress mac;
  std::uint32_t mtu = 1500;
  std::uint32_t index = 0;  ///< of the interface, in its namespace; 0: the kernel's choice
};

/// One thread at a time. The kernel handles requests in the order of the calls. A request that is
/// refused shows at the flush (which a full batch does by itself), as base::SystemError with the
/// kernel's own explanation; those after it in the batch were tried all the same.
class NetlinkBatch {
 public:
  /// Speaks to the calling thread's network namespace, which lives on for as long as this does.
  NetlinkBatch();
  NetlinkBatch(NetlinkBatch&&) noexcept;
  NetlinkBatch& operator=(NetlinkBatch&&) noexcept;
  /// Forgets what was not flushed.
  ~NetlinkBatch();

  /// Both ends directly in their namespaces, off.
  void create_veth(const VethEnd& first, const VethEnd& second);
  /// Without spanning tree, so that its ports forward at once, and without multicast snooping,
  /// which would hold back what no querier asked for.
  void create_bridge(std::string_view name, std::uint32_t index = 0);
  void configure(std::string_view device, const base::MacAddress& mac, std::uint32_t mtu);
  void join_bridge(std::string_view device, std::uint32_t bridge_index);
  void set_up(std::string_view device);
  /// IPv6 uses it at once, without looking for another owner.
  void add_address(std::uint32_t index, const base::InterfaceAddress& address);
  void add_route(const Route& route);

  /// Returns when the kernel has answered everything.
  void flush();
  [[nodiscard]] bool empty() const noexcept;
  /// Flushes, then asks.
  [[nodiscard]] std::vector<Link> links();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace warren::system
