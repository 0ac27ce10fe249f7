#include "rtnl_messages.hpp"

#include <linux/if_addr.h>

#include <new>

namespace warren::system::rtnl {

ifinfomsg link_header(std::uint32_t index) {
  ifinfomsg header{};
  header.ifi_index = static_cast<int>(index);
  return header;
}

Message address_message(int type, int flags, std::uint32_t index,
                        const base::InterfaceAddress& address) {
  ifaddrmsg header{};
  header.ifa_family = family_number(address.address.family());
  header.ifa_prefixlen = address.prefix;
  header.ifa_index = index;
  Message message(type, flags, header);
  message.put_address(IFA_LOCAL, address.address);
  message.put_address(IFA_ADDRESS, address.address);
  return message;
}

void put_no_duplicate_detection(Message& request, const base::InterfaceAddress& address) {
  if (!address.address.is_v4()) request.put_u32(IFA_FLAGS, IFA_F_NODAD);
}

Message route_message(int type, int flags, const Route& route) {
  const bool deleting = type == RTM_DELROUTE;
  rtmsg header{};
  header.rtm_family = family_number(route.network.address().family());
  header.rtm_dst_len = static_cast<unsigned char>(route.network.prefix());
  header.rtm_table = RT_TABLE_UNSPEC;  // RTA_TABLE has it in full
  // When deleting, the protocol spares the routes that the kernel or a routing daemon made.
  header.rtm_protocol = RTPROT_STATIC;
  header.rtm_type = RTN_UNICAST;
  const bool on_link = route.network.address().is_v4() && !route.gateway;
  header.rtm_scope = deleting ? RT_SCOPE_NOWHERE : on_link ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  Message message(type, flags, header);
  if (route.network.prefix() != 0) message.put_address(RTA_DST, route.network.address());
  if (route.gateway) message.put_address(RTA_GATEWAY, *route.gateway);
  message.put_u32(RTA_OIF, route.interface_index);
  message.put_u32(RTA_TABLE, route.table);
  if (route.metric != 0) message.put_u32(RTA_PRIORITY, route.metric);
  return message;
}

Nest::Nest(Message& message, int attribute)
    : message_(message), start_(nla_nest_start(message.get(), attribute)) {
  if (start_ == nullptr) throw std::bad_alloc();
}

Nest::~Nest() {
  // Fails only for a nest that is too large, which the kernel would refuse.
  static_cast<void>(nla_nest_end(message_.get(), start_));
}

}  // namespace warren::system::rtnl
