// Links, addresses and routes over rtnetlink(7), in the process: `ip` is never run. One thread at a
// time per object. Every call throws base::SystemError with the kernel's own explanation (its
// extended acknowledgement) where it gives one; CAP_NET_ADMIN is needed for whatever changes
// something.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <warren/base/ip.hpp>

namespace warren::system {

/// An interface as the kernel describes it (RTM_NEWLINK).
struct Link {
  std::uint32_t index = 0;
  std::string name;
  std::uint32_t mtu = 0;                    ///< bytes of IP, as everywhere
  bool up = false;                          ///< IFF_UP: switched on by the administrator
  bool running = false;                     ///< IFF_RUNNING: and has a carrier
  std::uint32_t transmit_queue_length = 0;  ///< packets
  /// Packets that the device itself threw away instead of sending them; of a TUN or TAP device:
  /// those that came while its queue was full.
  std::uint64_t transmit_dropped = 0;
  std::optional<base::MacAddress> mac;      ///< empty for a TUN device
};

/// A unicast route through an interface.
struct Route {
  base::IpNetwork network;
  std::uint32_t interface_index = 0;
  std::optional<base::IpAddress> gateway;
  std::uint32_t table = kMainTable;
  /// 0 lets the kernel choose: 0 for IPv4, 1024 for IPv6.
  std::uint32_t metric = 0;
  static constexpr std::uint32_t kMainTable = 254;
  friend bool operator==(const Route&, const Route&) noexcept = default;
};

/// Where a packet would go (RTM_GETROUTE).
struct RouteLookup {
  std::uint32_t interface_index = 0;
  std::optional<base::IpAddress> gateway;
  std::optional<base::IpAddress> source;  ///< the address the kernel would send from
  std::uint32_t mtu = 0;                  ///< the route's MTU if it has one, else the interface's
};

/// Whether IPv6 looks for another owner of an address before it may be used (RFC 4862, 5.4). Only
/// an Ethernet (TAP) interface can look, and the address is unusable for about a second meanwhile.
enum class DuplicateDetection : std::uint8_t { off, on };

/// A policy routing rule: packets (with, or without, `fwmark`) look into `table`.
struct Rule {
  base::Family family = base::Family::v4;
  std::uint32_t table = Route::kMainTable;
  std::uint32_t priority = 0;  ///< 1 to 32765; lower ones are asked first
  std::optional<std::uint32_t> fwmark;
  bool invert = false;  ///< matches packets that do not carry the mark
  /// Ignores what `table` says when its best route's prefix is this long or shorter; 0 ignores
  /// default routes.
  std::optional<std::uint32_t> suppress_prefix_length;
  friend bool operator==(const Rule&, const Rule&) noexcept = default;
};

class Netlink {
 public:
  /// Speaks to the calling thread's network namespace.
  Netlink();
  /// Speaks to `netns` (a namespace descriptor, borrowed for the call); needs CAP_SYS_ADMIN. The
  /// namespace lives on for as long as this object does.
  explicit Netlink(int netns);
  Netlink(Netlink&&) noexcept;
  Netlink& operator=(Netlink&&) noexcept;
  ~Netlink();

  /// Throws ENODEV when there is none.
  [[nodiscard]] std::uint32_t link_index(std::string_view name);
  [[nodiscard]] Link link(std::uint32_t index);
  /// Empty when there is none.
  [[nodiscard]] std::optional<Link> find_link(std::string_view name);
  [[nodiscard]] std::vector<Link> links();

  void set_link_up(std::uint32_t index, bool up);
  void set_mtu(std::uint32_t index, std::uint32_t mtu);
  /// The interface must be down on kernels before 6.2.
  void set_link_name(std::uint32_t index, std::string_view name);
  /// In packets; 1 or more.
  void set_transmit_queue_length(std::uint32_t index, std::uint32_t packets);
  void set_mac(std::uint32_t index, const base::MacAddress& mac);
  /// Moves the interface; its addresses and routes are lost, and it comes out switched off.
  void move_link(std::uint32_t index, int netns);
  /// No error when it is gone already.
  void delete_link(std::uint32_t index);

  /// No error when the interface has the address already.
  void add_address(std::uint32_t index, const base::InterfaceAddress& address,
                   DuplicateDetection detection = DuplicateDetection::off);
  /// No error when it is gone already.
  void remove_address(std::uint32_t index, const base::InterfaceAddress& address);
  /// Both families, IPv6 link-local addresses included.
  [[nodiscard]] std::vector<base::InterfaceAddress> addresses(std::uint32_t index);

  /// No error when this very route exists already. A route to the same network through another
  /// interface is left alone: EEXIST, with a hint.
  void add_route(const Route& route);
  void add_route(std::uint32_t index, const base::IpNetwork& network) {
    add_route(Route{.network = network, .interface_index = index, .gateway = {}});
  }
  /// No error when it is gone already.
  void remove_route(const Route& route);
  void remove_route(std::uint32_t index, const base::IpNetwork& network) {
    remove_route(Route{.network = network, .interface_index = index, .gateway = {}});
  }
  /// Unicast routes of every table through the interface, those the kernel made for its addresses
  /// included.
  [[nodiscard]] std::vector<Route> routes(std::uint32_t index);

  /// No error when the same rule exists already.
  void add_rule(const Rule& rule);
  /// No error when it is gone already.
  void remove_rule(const Rule& rule);

  /// Empty when the destination is unreachable now. `fwmark` 0: none.
  [[nodiscard]] std::optional<RouteLookup> lookup_route(const base::Endpoint& destination,
                                                        std::uint32_t fwmark = 0);
  /// Whether packets from `source` to `destination` go out by the source's interface now: the kernel
  /// looks at its routes and rules as for a packet with that source address. False when the address is
  /// gone, or the destination unreachable. `fwmark` 0: none.
  [[nodiscard]] bool leaves_by(const base::LocalSource& source, const base::Endpoint& destination,
                               std::uint32_t fwmark = 0);
  /// The MTU of the way to `destination`: the route's if it has one, else the interface's.
  [[nodiscard]] std::optional<std::uint32_t> route_mtu(const base::Endpoint& destination,
                                                       std::uint32_t fwmark = 0);

 private:
  class Socket;
  std::unique_ptr<Socket> socket_;
};

}  // namespace warren::system
