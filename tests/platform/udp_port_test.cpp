// IPv4 and IPv6 on one UDP port (ipv6(7): IPV6_V6ONLY).
#include <netinet/in.h>
#include <sys/socket.h>

#include <catch2/catch_test_macros.hpp>
#include <cerrno>

#include <warren/base/fd.hpp>
#include <warren/base/ip.hpp>

using namespace warren;

namespace {

/// Binds `fd` to the unspecified address; 0 or errno.
int bind_any(int fd, base::Family family, std::uint16_t port) {
  sockaddr_in6 storage{};
  const base::Endpoint local{base::IpAddress::any(family), port, 0};
  const auto length = static_cast<socklen_t>(local.to_sockaddr(&storage));
  return ::bind(fd, reinterpret_cast<const sockaddr*>(&storage), length) < 0 ? errno : 0;
}

base::Fd v6_socket(int only) {
  base::Fd fd(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  REQUIRE(::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only) == 0);
  return fd;
}

}  // namespace

TEST_CASE("an IPv6 socket shares a port with an IPv4 socket only when it is v6-only") {
  const base::Fd v4(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  REQUIRE(bind_any(v4.get(), base::Family::v4, 0) == 0);
  sockaddr_in local{};
  socklen_t length = sizeof local;
  REQUIRE(::getsockname(v4.get(), reinterpret_cast<sockaddr*>(&local), &length) == 0);
  const std::uint16_t port = ntohs(local.sin_port);

  const auto both = v6_socket(0);
  CHECK(bind_any(both.get(), base::Family::v6, port) == EADDRINUSE);
  const auto only = v6_socket(1);
  CHECK(bind_any(only.get(), base::Family::v6, port) == 0);
}
