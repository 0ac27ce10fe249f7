#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include <warren/base/error.hpp>
#include <warren/system/route_monitor.hpp>

namespace warren::system {

RouteMonitor::RouteMonitor()
    : fd_(base::check_system_call(
          ::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE), "opening",
          "an rtnetlink socket")) {
  sockaddr_nl local{};
  local.nl_family = AF_NETLINK;
  local.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE | RTMGRP_IPV4_IFADDR |
                    RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_RULE;
  base::check_system_call(
      ::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&local), sizeof local), "subscribing to",
      "changes of routes");
}

void RouteMonitor::drain() {
  // Nothing of the messages is read, so they may be cut short. A full queue (ENOBUFS) means that
  // something changed, too.
  std::array<char, 64> start;
  for (;;) {
    if (::recv(fd_.get(), start.data(), start.size(), MSG_TRUNC) >= 0) continue;
    if (errno == EAGAIN) return;
    if (errno != EINTR && errno != ENOBUFS) {
      throw base::SystemError("reading", "changes of routes", errno);
    }
  }
}

}  // namespace warren::system
