#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include <warren/base/error.hpp>
#include <warren/system/link_monitor.hpp>
#include <warren/system/namespaces.hpp>

#include "rtnl.hpp"

namespace warren::system {
namespace {

// A link message is about 1.5 KiB; the kernel never splits one, and cuts what does not fit.
constexpr std::size_t kReceiveBytes = std::size_t{32} * 1024;

base::Fd subscribe(LinkMonitor::Scope scope) {
  base::Fd fd(base::check_system_call(
      ::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE), "opening",
      "an rtnetlink socket"));
  if (scope == LinkMonitor::Scope::all_namespaces) {
    const int on = 1;
    base::check_system_call(
        ::setsockopt(fd.get(), SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &on, sizeof on), "setting",
        "NETLINK_LISTEN_ALL_NSID");
  }
  sockaddr_nl local{};
  local.nl_family = AF_NETLINK;
  local.nl_groups = RTMGRP_LINK;
  base::check_system_call(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&local), sizeof local),
                          "subscribing to", "changes of interfaces");
  return fd;
}

std::optional<std::int32_t> netns_id_of(msghdr& message) {
  for (cmsghdr* control = CMSG_FIRSTHDR(&message); control != nullptr;
       control = CMSG_NXTHDR(&message, control)) {
    if (control->cmsg_level == SOL_NETLINK && control->cmsg_type == NETLINK_LISTEN_ALL_NSID) {
      std::int32_t id = 0;
      std::memcpy(&id, CMSG_DATA(control), sizeof id);
      return id;
    }
  }
  return std::nullopt;
}

void parse(std::byte* data, std::size_t bytes, std::optional<std::int32_t> netns_id,
           LinkChanges& result) {
  auto* message = reinterpret_cast<nlmsghdr*>(data);
  for (int left = static_cast<int>(bytes); nlmsg_ok(message, left);
       message = nlmsg_next(message, &left)) {
    if (auto link = rtnl::parse_link(message)) {
      result.changes.push_back({.index = link->index,
                                .name = std::move(link->name),
                                .mtu = link->mtu,
                                .up = link->up,
                                .deleted = message->nlmsg_type == RTM_DELLINK,
                                .netns_id = netns_id});
    }
  }
}

}  // namespace

LinkMonitor::LinkMonitor(Scope scope) : fd_(subscribe(scope)) {}
LinkMonitor::LinkMonitor(int netns, Scope scope)
    : fd_(in_netns(netns, [scope] { return subscribe(scope); })) {}

LinkChanges LinkMonitor::drain() {
  LinkChanges result;
  alignas(nlmsghdr) std::array<std::byte, kReceiveBytes> data;
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(std::int32_t))> control;
  for (;;) {
    sockaddr_nl from{};
    iovec piece{data.data(), data.size()};
    msghdr header{};
    header.msg_name = &from;
    header.msg_namelen = sizeof from;
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    const auto bytes = ::recvmsg(fd_.get(), &header, 0);
    if (bytes < 0) {
      if (errno == EAGAIN) return result;
      if (errno == EINTR) continue;
      if (errno != ENOBUFS) throw base::SystemError("reading", "changes of interfaces", errno);
      result.resync = true;  // the queue was full; the next receive goes on with what is left of it
      continue;
    }
    if ((header.msg_flags & MSG_TRUNC) != 0) result.resync = true;
    // Anybody may send to a netlink socket: only the kernel has port 0.
    if (from.nl_pid != 0) continue;
    parse(data.data(), static_cast<std::size_t>(bytes), netns_id_of(header), result);
  }
}

}  // namespace warren::system
