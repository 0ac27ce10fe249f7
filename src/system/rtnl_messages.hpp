// The rtnetlink requests that netlink.cpp and netlink_batch.cpp share.
#pragma once

#include <warren/system/netlink.hpp>

#include "rtnl.hpp"

namespace warren::system::rtnl {

ifinfomsg link_header(std::uint32_t index);
/// RTM_NEWADDR or RTM_DELADDR.
Message address_message(int type, int flags, std::uint32_t index,
                        const base::InterfaceAddress& address);
/// IPv6 uses the address at once; nothing to say for IPv4.
void put_no_duplicate_detection(Message& request, const base::InterfaceAddress& address);
/// RTM_NEWROUTE or RTM_DELROUTE.
Message route_message(int type, int flags, const Route& route);

/// Attributes within an attribute, for as long as it lives.
class Nest {
 public:
  Nest(Message& message, int attribute);
  Nest(const Nest&) = delete;
  Nest& operator=(const Nest&) = delete;
  ~Nest();

 private:
  Message& message_;
  nlattr* start_;
};

}  // namespace warren::system::rtnl
