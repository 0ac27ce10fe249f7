#include <fmt/core.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <net/if.h>

#include <algorithm>
#include <cerrno>

#include <warren/base/assert.hpp>
#include <warren/base/error.hpp>
#include <warren/system/namespaces.hpp>
#include <warren/system/netlink.hpp>

#include "rtnl.hpp"
#include "rtnl_messages.hpp"

namespace warren::system {

using rtnl::address_message;
using rtnl::Attributes;
using rtnl::header_of;
using rtnl::link_header;
using rtnl::Message;
using rtnl::route_message;

class Netlink::Socket : public rtnl::Socket {};

namespace {

constexpr std::uint32_t kIpv6DefaultMetric = 1024;  // IP6_RT_PRIO_USER

std::string interface_text(std::uint32_t index) {
  return fmt::format("interface {}", index);
}

std::optional<Route> parse_route(const nlmsghdr* message) {
  const auto attributes = Attributes::parse<rtmsg>(message);
  if (message->nlmsg_type != RTM_NEWROUTE || !attributes) return std::nullopt;
  const auto& header = header_of<rtmsg>(message);
  const auto family = rtnl::family_of(header.rtm_family);
  if (!family || header.rtm_type != RTN_UNICAST || (header.rtm_flags & RTM_F_CLONED) != 0) {
    return std::nullopt;
  }
  const auto destination =
      attributes->address(RTA_DST, *family).value_or(base::IpAddress::any(*family));
  if (header.rtm_dst_len > destination.bits()) return std::nullopt;
  return Route{.network = {destination, header.rtm_dst_len},
               .interface_index = attributes->u32(RTA_OIF).value_or(0),
               .gateway = attributes->address(RTA_GATEWAY, *family),
               .table = attributes->u32(RTA_TABLE).value_or(header.rtm_table),
               .metric = attributes->u32(RTA_PRIORITY).value_or(0)};
}

std::string route_text(const Route& route) {
  return fmt::format("to {} through interface {}", route.network.to_string(),
                     route.interface_index);
}

Message rule_message(int type, int flags, const Rule& rule) {
  WARREN_ASSERT(rule.priority != 0, "table={}", rule.table);
  fib_rule_hdr header{};
  header.family = rtnl::family_number(rule.family);
  header.action = FR_ACT_TO_TBL;
  header.flags = rule.invert ? FIB_RULE_INVERT : 0;
  Message message(type, flags, header);
  message.put_u32(FRA_TABLE, rule.table);
  message.put_u32(FRA_PRIORITY, rule.priority);
  if (rule.fwmark) message.put_u32(FRA_FWMARK, *rule.fwmark);
  if (rule.suppress_prefix_length) {
    message.put_u32(FRA_SUPPRESS_PREFIXLEN, *rule.suppress_prefix_length);
  }
  return message;
}

/// Answers to RTM_GETROUTE that say "no way there" rather than "bad question": unreachable,
/// prohibited and blackhole routes, and a kernel without the family.
bool means_unreachable(int error) {
  switch (error) {
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EACCES:
    case EINVAL:
    case EOPNOTSUPP:
    case EAFNOSUPPORT:
      return true;
    default:
      return false;
  }
}

}  // namespace

Netlink::Netlink() : socket_(std::make_unique<Socket>()) {}
Netlink::Netlink(int netns) : socket_(in_netns(netns, [] { return std::make_unique<Socket>(); })) {}
Netlink::Netlink(Netlink&&) noexcept = default;
Netlink& Netlink::operator=(Netlink&&) noexcept = default;
Netlink::~Netlink() = default;

std::uint32_t Netlink::link_index(std::string_view name) {
  const auto link = find_link(name);
  if (!link) throw base::SystemError("finding the interface", std::string(name), ENODEV);
  return link->index;
}

Link Netlink::link(std::uint32_t index) {
  auto link = rtnl::get_link(*socket_, index, {});
  if (!link) throw base::SystemError("asking for", interface_text(index), ENODEV);
  return *link;
}

std::optional<Link> Netlink::find_link(std::string_view name) {
  return rtnl::get_link(*socket_, 0, name);
}

std::vector<Link> Netlink::links() {
  return rtnl::get_links(*socket_);
}

void Netlink::set_link_up(std::uint32_t index, bool up) {
  auto header = link_header(index);
  header.ifi_flags = up ? IFF_UP : 0;
  header.ifi_change = IFF_UP;
  socket_->require(Message(RTM_NEWLINK, 0, header), up ? "switching on" : "switching off",
                   interface_text(index));
}

void Netlink::set_mtu(std::uint32_t index, std::uint32_t mtu) {
  Message request(RTM_NEWLINK, 0, link_header(index));
  request.put_u32(IFLA_MTU, mtu);
  socket_->require(request, fmt::format("setting the MTU {} of", mtu), interface_text(index));
}

void Netlink::set_link_name(std::uint32_t index, std::string_view name) {
  Message request(RTM_NEWLINK, 0, link_header(index));
  request.put_string(IFLA_IFNAME, name);
  socket_->require(request, fmt::format("giving the name {} to", name), interface_text(index));
}

void Netlink::set_transmit_queue_length(std::uint32_t index, std::uint32_t packets) {
  Message request(RTM_NEWLINK, 0, link_header(index));
  request.put_u32(IFLA_TXQLEN, packets);
  socket_->require(request, "setting the transmit queue length of", interface_text(index));
}

void Netlink::set_mac(std::uint32_t index, const base::MacAddress& mac) {
  Message request(RTM_NEWLINK, 0, link_header(index));
  request.put(IFLA_ADDRESS, mac.bytes.data(), mac.bytes.size());
  socket_->require(request, fmt::format("setting the address {} of", mac.to_string()),
                   interface_text(index));
}

void Netlink::move_link(std::uint32_t index, int netns) {
  Message request(RTM_NEWLINK, 0, link_header(index));
  request.put_u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(netns));
  socket_->require(request, "moving to another network namespace", interface_text(index));
}

void Netlink::delete_link(std::uint32_t index) {
  const auto outcome = socket_->call(Message(RTM_DELLINK, 0, link_header(index)));
  if (outcome.error_number != 0 && outcome.error_number != ENODEV) {
    rtnl::throw_refused(outcome, "deleting", interface_text(index));
  }
}

void Netlink::add_address(std::uint32_t index, const base::InterfaceAddress& address,
                          DuplicateDetection detection) {
  // REPLACE makes it idempotent: an address that is there already is taken as it is.
  auto request = address_message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, index, address);
  if (detection == DuplicateDetection::off) rtnl::put_no_duplicate_detection(request, address);
  const auto outcome = socket_->call(request);
  if (outcome.error_number == 0) return;
  const bool disabled = !address.address.is_v4() &&
                        (outcome.error_number == EACCES || outcome.error_number == EOPNOTSUPP);
  rtnl::throw_refused(outcome, fmt::format("adding the address {} to", address.to_string()),
                      interface_text(index),
                      disabled ? "IPv6 is switched off here: see the sysctl "
                                 "net.ipv6.conf.all.disable_ipv6, or use IPv4 addresses only"
                               : "");
}

void Netlink::remove_address(std::uint32_t index, const base::InterfaceAddress& address) {
  const auto outcome = socket_->call(address_message(RTM_DELADDR, 0, index, address));
  const int error = outcome.error_number;
  if (error != 0 && error != EADDRNOTAVAIL && error != ENODEV) {
    rtnl::throw_refused(outcome, fmt::format("removing the address {} from", address.to_string()),
                        interface_text(index));
  }
}

std::vector<base::InterfaceAddress> Netlink::addresses(std::uint32_t index) {
  std::vector<base::InterfaceAddress> addresses;
  const auto handle = [&](const nlmsghdr* answer) {
    const auto attributes = Attributes::parse<ifaddrmsg>(answer);
    if (answer->nlmsg_type != RTM_NEWADDR || !attributes) return;
    const auto& header = header_of<ifaddrmsg>(answer);
    const auto family = rtnl::family_of(header.ifa_family);
    if (!family || header.ifa_index != index) return;
    // On a point-to-point link IFA_ADDRESS is the other end; IPv6 has IFA_LOCAL only then.
    auto address = attributes->address(IFA_LOCAL, *family);
    if (!address) address = attributes->address(IFA_ADDRESS, *family);
    if (address) addresses.push_back({*address, header.ifa_prefixlen});
  };
  socket_->require(Message(RTM_GETADDR, NLM_F_DUMP, ifaddrmsg{}), "listing the addresses of",
                   interface_text(index), handle, [&] { addresses.clear(); });
  return addresses;
}

void Netlink::add_route(const Route& route) {
  // EXCL and not REPLACE: REPLACE would take a network away from whoever routes it now.
  const auto outcome = socket_->call(route_message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route));
  if (outcome.error_number == 0) return;
  if (outcome.error_number == EEXIST) {
    Route wanted = route;
    if (wanted.metric == 0 && !wanted.network.address().is_v4()) wanted.metric = kIpv6DefaultMetric;
    const auto existing = routes(route.interface_index);
    if (std::find(existing.begin(), existing.end(), wanted) != existing.end()) return;
    rtnl::throw_refused(outcome, "adding the route", route_text(route),
                        fmt::format("the network is routed through another interface already: "
                                    "`ip route show table all {}` shows it",
                                    route.network.to_string()));
  }
  rtnl::throw_refused(outcome, "adding the route", route_text(route));
}

void Netlink::remove_route(const Route& route) {
  const auto outcome = socket_->call(route_message(RTM_DELROUTE, 0, route));
  const int error = outcome.error_number;
  if (error != 0 && error != ESRCH && error != ENOENT && error != ENODEV) {
    rtnl::throw_refused(outcome, "removing the route", route_text(route));
  }
}

std::vector<Route> Netlink::routes(std::uint32_t index) {
  std::vector<Route> routes;
  socket_->require(
      Message(RTM_GETROUTE, NLM_F_DUMP, rtmsg{}), "listing the routes through",
      interface_text(index),
      [&](const nlmsghdr* answer) {
        const auto route = parse_route(answer);
        if (route && route->interface_index == index) routes.push_back(*route);
      },
      [&] { routes.clear(); });
  return routes;
}

void Netlink::add_rule(const Rule& rule) {
  const auto outcome = socket_->call(rule_message(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule));
  if (outcome.error_number != 0 && outcome.error_number != EEXIST) {
    rtnl::throw_refused(outcome, "adding the routing rule",
                        fmt::format("for table {}", rule.table));
  }
}

void Netlink::remove_rule(const Rule& rule) {
  const auto outcome = socket_->call(rule_message(RTM_DELRULE, 0, rule));
  if (outcome.error_number != 0 && outcome.error_number != ENOENT) {
    rtnl::throw_refused(outcome, "removing the routing rule",
                        fmt::format("for table {}", rule.table));
  }
}

std::optional<RouteLookup> Netlink::lookup_route(const base::Endpoint& destination,
                                                 std::uint32_t fwmark) {
  const auto family = destination.address.family();
  rtmsg header{};
  header.rtm_family = rtnl::family_number(family);
  header.rtm_dst_len = static_cast<unsigned char>(destination.address.bits());
  Message request(RTM_GETROUTE, 0, header);
  request.put_address(RTA_DST, destination.address);
  if (destination.scope_id != 0) request.put_u32(RTA_OIF, destination.scope_id);
  if (fwmark != 0) request.put_u32(RTA_MARK, fwmark);

  std::optional<RouteLookup> found;
  const auto outcome = socket_->call(request, [&](const nlmsghdr* answer) {
    const auto attributes = Attributes::parse<rtmsg>(answer);
    if (answer->nlmsg_type != RTM_NEWROUTE || !attributes) return;
    found = RouteLookup{.interface_index = attributes->u32(RTA_OIF).value_or(0),
                        .gateway = attributes->address(RTA_GATEWAY, family),
                        .source = attributes->address(RTA_PREFSRC, family),
                        .mtu = attributes->nested_u32(RTA_METRICS, RTAX_MTU).value_or(0)};
  });
  if (means_unreachable(outcome.error_number)) return std::nullopt;
  if (outcome.error_number != 0) {
    rtnl::throw_refused(outcome, "looking up the route to", destination.address.to_string());
  }
  if (!found || found->interface_index == 0) return std::nullopt;
  if (found->mtu == 0) found->mtu = link(found->interface_index).mtu;
  return found;
}

bool Netlink::leaves_by(const base::LocalSource& source, const base::Endpoint& destination,
                        std::uint32_t fwmark) {
  const auto family = destination.address.family();
  if (source.address.family() != family) return false;
  rtmsg header{};
  header.rtm_family = rtnl::family_number(family);
  header.rtm_dst_len = static_cast<unsigned char>(destination.address.bits());
  header.rtm_src_len = static_cast<unsigned char>(source.address.bits());
  Message request(RTM_GETROUTE, 0, header);
  request.put_address(RTA_DST, destination.address);
  request.put_address(RTA_SRC, source.address);
  // The scope of a link-local address names its interface.
  if (destination.scope_id != 0) request.put_u32(RTA_OIF, destination.scope_id);
  if (fwmark != 0) request.put_u32(RTA_MARK, fwmark);

  std::uint32_t interface_index = 0;
  const auto outcome = socket_->call(request, [&](const nlmsghdr* answer) {
    const auto attributes = Attributes::parse<rtmsg>(answer);
    if (answer->nlmsg_type != RTM_NEWROUTE || !attributes) return;
    interface_index = attributes->u32(RTA_OIF).value_or(0);
  });
  // EINVAL: the source is no address of this host any more.
  if (outcome.error_number == EINVAL || means_unreachable(outcome.error_number)) return false;
  if (outcome.error_number != 0) {
    rtnl::throw_refused(outcome, "looking up the route to", destination.address.to_string());
  }
  return interface_index == source.interface_index;
}

std::optional<std::uint32_t> Netlink::route_mtu(const base::Endpoint& destination,
                                                std::uint32_t fwmark) {
  const auto found = lookup_route(destination, fwmark);
  if (!found) return std::nullopt;
  return found->mtu;
}

}  // namespace warren::system
