// The routes and policy rules that lead traffic for the peers' allowed IPs into the tunnel.
//
// A network other than a default route goes into the main table. A default route would catch the
// tunnel's own datagrams too, so it is done as wg-quick does it: it goes into a table of its own,
// which a rule consults for packets without the tunnel's fwmark, after a rule that asks the main
// table for anything more specific than a default route. The sockets carry the mark, so what they
// send keeps going the old way.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include <warren/base/ip.hpp>
#include <warren/system/netlink.hpp>

namespace warren::cli {

/// The networks that need a route: without those that lie inside another one of them, or inside a
/// network of the interface's own addresses, which the kernel routes by itself. Default routes
/// cover nothing: they live in another table.
std::set<base::IpNetwork> networks_to_route(const std::vector<base::IpNetwork>& allowed,
                                            const std::vector<base::InterfaceAddress>& addresses);

class Routes {
 public:
  /// Borrows `netlink`. `index` is the tunnel's interface.
  Routes(system::Netlink& netlink, std::uint32_t index) : netlink_(netlink), index_(index) {}
  Routes(const Routes&) = delete;
  Routes& operator=(const Routes&) = delete;
  /// Removes the rules; the routes go with the interface.
  ~Routes();

  /// The mark, and the table of the default routes, that is used where the configuration has none:
  /// no other interface of this namespace has the same.
  [[nodiscard]] std::uint32_t own_mark() const noexcept { return kFirstMark + index_; }

  [[nodiscard]] std::uint32_t index() const noexcept { return index_; }

  /// The kernel may have removed routes, as it does when the interface goes down or loses an
  /// address: the next set() puts back those that stay wanted.
  void check_again() noexcept { unsure_ = true; }

  /// The interface has left the namespace, its routes with it, or is back under another index:
  /// removes the rules and begins anew.
  void start_over(std::uint32_t index) noexcept;

  /// Makes the installed routes exactly `wanted`. `mark` is the sockets' fwmark; it must not be 0
  /// when `wanted` has a default route. Throws base::SystemError and stops there: calling it again
  /// with what was there before puts that back.
  void set(const std::set<base::IpNetwork>& wanted, std::uint32_t mark);

  /// The part of set() that can be refused, done ahead: installs what is missing of `wanted` and
  /// leaves the other routes where they are. Throws as set() does.
  void add(const std::set<base::IpNetwork>& wanted, std::uint32_t mark);

 private:
  static constexpr std::uint32_t kFirstMark = 51820;  // wg-quick's first one too

  [[nodiscard]] system::Route route_for(const base::IpNetwork& network, std::uint32_t mark) const;
  [[nodiscard]] std::vector<system::Rule> rules_for(base::Family family, std::uint32_t mark) const;
  void remove_rules(base::Family family) noexcept;

  system::Netlink& netlink_;
  std::uint32_t index_;
  std::map<base::IpNetwork, system::Route> installed_;
  bool unsure_ = false;                          // whether what is in installed_ is still installed
  std::map<base::Family, std::uint32_t> rules_;  // family to the mark its rules were made with
};

}  // namespace warren::cli
