#include "sockets.hpp"

#include <fmt/core.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <time.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include <warren/base/error.hpp>
#include <warren/system/namespaces.hpp>

namespace warren::lab {
namespace {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
  SocketAddress(const base::IpAddress& address, std::uint16_t port) {
    const base::Endpoint endpoint{address, port, 0};
    length = static_cast<socklen_t>(endpoint.to_sockaddr(&storage));
  }
  [[nodiscard]] const sockaddr* get() const noexcept {
    return reinterpret_cast<const sockaddr*>(&storage);
  }
};

const cmsghdr* find_control(const msghdr& message, int level, int type,
                            std::size_t bytes) noexcept {
  auto& mutable_message = const_cast<msghdr&>(message);  // CMSG_NXTHDR wants it; nothing is changed
  for (const cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&mutable_message, const_cast<cmsghdr*>(header))) {
    if (header->cmsg_level == level && header->cmsg_type == type &&
        header->cmsg_len >= CMSG_LEN(bytes)) {
      return header;
    }
  }
  return nullptr;
}

template <class T>
std::optional<T> control_value(const msghdr& message, int level, int type) noexcept {
  const cmsghdr* header = find_control(message, level, type, sizeof(T));
  if (header == nullptr) return {};
  T value;
  std::memcpy(&value, CMSG_DATA(header), sizeof value);
  return value;
}

}  // namespace

base::Fd make_socket(int netns, const base::IpAddress& address, int type, int protocol) {
  return system::in_netns(netns, [&] {
    return base::Fd(base::check_system_call(::socket(address.is_v4() ? AF_INET : AF_INET6,
                                                     type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol),
                                            "making", "a socket in a node"));
  });
}

int bind_to(const base::Fd& socket, const base::IpAddress& address, std::uint16_t port) noexcept {
  const SocketAddress to(address, port);
  return ::bind(socket.get(), to.get(), to.length) == 0 ? 0 : errno;
}

int connect_to(const base::Fd& socket, const base::IpAddress& address,
               std::uint16_t port) noexcept {
  const SocketAddress to(address, port);
  return ::connect(socket.get(), to.get(), to.length) == 0 ? 0 : errno;
}

int pending_error(const base::Fd& socket) noexcept {
  int error = 0;
  socklen_t length = sizeof error;
  return ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

ssize_t ReceivedMessage::receive(const base::Fd& socket, int flags) noexcept {
  piece_ = {data_.data(), data_.size()};
  header_ = {};
  header_.msg_iov = &piece_;
  header_.msg_iovlen = 1;
  header_.msg_control = control_.data();
  header_.msg_controllen = control_.size();
  return ::recvmsg(socket.get(), &header_, flags);
}

std::optional<base::WallTime> receive_stamp(const msghdr& message) noexcept {
  const auto stamp = control_value<timespec>(message, SOL_SOCKET, SO_TIMESTAMPNS);
  if (!stamp) return {};
  return base::WallTime(std::chrono::seconds(stamp->tv_sec) +
                        std::chrono::nanoseconds(stamp->tv_nsec));
}

std::optional<std::uint32_t> overflow_count(const msghdr& message) noexcept {
  return control_value<std::uint32_t>(message, SOL_SOCKET, SO_RXQ_OVFL);
}

std::string drain_errors(const base::Fd& socket) {
  std::string last;
  // One ICMP error is one message; a bound keeps a flood of them from holding the probe.
  for (int i = 0; i < 256; ++i) {
    ReceivedMessage message;
    if (message.receive(socket, MSG_ERRQUEUE) < 0) break;
    const cmsghdr* header =
        find_control(message.header(), IPPROTO_IP, IP_RECVERR, sizeof(sock_extended_err));
    if (header == nullptr) {
      header =
          find_control(message.header(), IPPROTO_IPV6, IPV6_RECVERR, sizeof(sock_extended_err));
    }
    if (header == nullptr) continue;
    sock_extended_err error;
    std::memcpy(&error, CMSG_DATA(header), sizeof error);
    last = base::errno_text(static_cast<int>(error.ee_errno));
    if (error.ee_errno == EMSGSIZE) last += fmt::format(" (the way takes {} bytes)", error.ee_info);
    // The offender's address follows the fixed part (ip(7), IP_RECVERR).
    const std::size_t offset = CMSG_LEN(sizeof error);
    if (error.ee_origin != SO_EE_ORIGIN_LOCAL && header->cmsg_len > offset) {
      sockaddr_storage from{};
      const std::size_t bytes = std::min(sizeof from, header->cmsg_len - offset);
      std::memcpy(&from, reinterpret_cast<const char*>(header) + offset, bytes);
      const auto who = base::Endpoint::from_sockaddr(reinterpret_cast<sockaddr*>(&from), bytes);
      if (who) last += fmt::format(", says {}", who->address.to_string());
    }
  }
  return last;
}

}  // namespace warren::lab
