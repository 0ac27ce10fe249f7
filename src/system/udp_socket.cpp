#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <cerrno>

#include <warren/base/assert.hpp>
#include <warren/base/error.hpp>
#include <warren/system/socket_options.hpp>
#include <warren/system/udp_socket.hpp>

namespace warren::system {
namespace {

// With port 0 the kernel picks a port that is free for one family; the other family's may be taken.
constexpr int kPortAttempts = 64;

std::string describe(base::Family family, std::uint16_t port) {
  return fmt::format("the {} UDP socket on port {}", family == base::Family::v4 ? "IPv4" : "IPv6",
                     port);
}

void set_family_options(int fd, base::Family family) {
  if (family == base::Family::v4) {
    set_option(fd, IPPROTO_IP, IP_PKTINFO, 1, "IP_PKTINFO");
    set_option(fd, IPPROTO_IP, IP_RECVTOS, 1, "IP_RECVTOS");
    set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT, "IP_MTU_DISCOVER");
  } else {
    set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1, "IPV6_V6ONLY");
    set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO");
    set_option(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1, "IPV6_RECVTCLASS");
    set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT, "IPV6_MTU_DISCOVER");
  }
}

void bind_any(int fd, base::Family family, std::uint16_t port) {
  sockaddr_in6 storage{};
  const base::Endpoint local{base::IpAddress::any(family), port, 0};
  const auto length = static_cast<socklen_t>(local.to_sockaddr(&storage));
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&storage), length) == 0) return;
  const int error = errno;
  std::string hint;
  if (error == EADDRINUSE) {
    hint = fmt::format(
        "another process uses UDP port {0}: `ss -ulpn sport = :{0}` shows which; "
        "choose another listen_port",
        port);
  } else if (error == EACCES) {
    hint = "ports below 1024 need CAP_NET_BIND_SERVICE: choose a higher listen_port";
  }
  throw base::SystemError("binding", describe(family, port), error, hint);
}

/// Whether the error says that the machine lacks the address family rather than that something
/// failed.
bool family_missing(int error) {
  return error == EAFNOSUPPORT || error == EADDRNOTAVAIL || error == EPROTONOSUPPORT;
}

std::optional<UdpSocket> open_if_supported(base::Family family, const UdpOptions& options) {
  try {
    return UdpSocket(family, options);
  } catch (const base::SystemError& error) {
    if (!family_missing(error.error_number())) throw;
    return std::nullopt;
  }
}

}  // namespace

UdpSocket::UdpSocket(base::Family family, const UdpOptions& options) : family_(family) {
  const int domain = family == base::Family::v4 ? AF_INET : AF_INET6;
  fd_ = base::Fd(base::check_system_call(
      ::socket(domain, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP), "opening",
      describe(family, options.port)));
  set_family_options(fd_.get(), family);
  set_buffers(fd_.get(), options.buffer_bytes);
  if (options.fwmark != 0) set_fwmark(options.fwmark);
  gro_ = try_option(fd_.get(), IPPROTO_UDP, UDP_GRO, 1);
  int segment_bytes = 0;
  socklen_t length = sizeof segment_bytes;
  segment_ = ::getsockopt(fd_.get(), IPPROTO_UDP, UDP_SEGMENT, &segment_bytes, &length) == 0;
  bind_any(fd_.get(), family, options.port);
}

std::uint16_t UdpSocket::port() const {
  sockaddr_in6 storage{};
  auto* address = reinterpret_cast<sockaddr*>(&storage);
  socklen_t length = sizeof storage;
  base::check_system_call(::getsockname(fd_.get(), address, &length), "asking for the port of",
                          "a UDP socket");
  const auto local = base::Endpoint::from_sockaddr(address, length);
  WARREN_ASSERT(local.has_value(), "family={}", static_cast<int>(storage.sin6_family));
  return local->port;
}

std::uint32_t UdpSocket::receive_buffer_bytes() const {
  int value = 0;
  socklen_t length = sizeof value;
  base::check_system_call(::getsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &value, &length),
                          "asking for", "SO_RCVBUF");
  return static_cast<std::uint32_t>(value) / 2;  // the kernel reports twice what was asked for
}

void UdpSocket::set_fwmark(std::uint32_t fwmark) {
  set_option(fd_.get(), SOL_SOCKET, SO_MARK, static_cast<int>(fwmark), "SO_MARK (fwmark)",
             "a firewall mark needs CAP_NET_ADMIN");
}

UdpSockets UdpSockets::bind(const UdpOptions& options) {
  for (int attempt = 1;; ++attempt) {
    UdpSockets sockets;
    sockets.v4 = open_if_supported(base::Family::v4, options);
    UdpOptions same_port = options;
    if (sockets.v4) same_port.port = sockets.v4->port();
    try {
      sockets.v6 = open_if_supported(base::Family::v6, same_port);
    } catch (const base::SystemError& error) {
      const bool try_another = options.port == 0 && error.error_number() == EADDRINUSE;
      if (!try_another || attempt == kPortAttempts) throw;
      continue;
    }
    if (!sockets.v4 && !sockets.v6) {
      throw base::SystemError("opening", "a UDP socket", EAFNOSUPPORT,
                              "the kernel offers neither IPv4 nor IPv6");
    }
    return sockets;
  }
}

std::uint16_t UdpSockets::port() const {
  return v4 ? v4->port() : v6->port();
}

}  // namespace warren::system
