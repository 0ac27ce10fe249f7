#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cerrno>
#include <string>

#include <warren/base/error.hpp>
#include <warren/system/udp_socket.hpp>

#include "support/netns.hpp"
#include "support/poll.hpp"

using namespace warren;
using base::Family;
using system::UdpSocket;
using system::UdpSockets;

namespace {

int option(const UdpSocket& socket, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  REQUIRE(::getsockopt(socket.fd(), level, name, &value, &length) == 0);
  return value;
}

void send_to(const UdpSocket& from, const std::string& endpoint) {
  sockaddr_in6 storage{};
  const auto length = base::Endpoint::parse(endpoint)->to_sockaddr(&storage);
  const auto sent = ::sendto(from.fd(), "hello", 5, 0, reinterpret_cast<const sockaddr*>(&storage),
                             static_cast<socklen_t>(length));
  REQUIRE(sent == 5);
}

}  // namespace

TEST_CASE("both families share one port") {
  const auto sockets = UdpSockets::bind({});
  REQUIRE(sockets.v4);
  REQUIRE(sockets.v6);
  CHECK(sockets.port() != 0);
  CHECK(sockets.v4->port() == sockets.v6->port());
  CHECK(sockets.v4->family() == Family::v4);
  CHECK(sockets.v6->family() == Family::v6);
}

TEST_CASE("each family's socket receives its own datagrams only") {
  const auto sockets = UdpSockets::bind({});
  const UdpSocket v4(Family::v4, {});
  send_to(v4, fmt::format("127.0.0.1:{}", sockets.port()));
  CHECK(test::wait_ready(sockets.v4->fd()));
  CHECK_FALSE(test::wait_ready(sockets.v6->fd(), 0));
  const UdpSocket v6(Family::v6, {});
  send_to(v6, fmt::format("[::1]:{}", sockets.port()));
  CHECK(test::wait_ready(sockets.v6->fd()));
}

TEST_CASE("a port in use is refused with the way to its owner") {
  const auto family = GENERATE(Family::v4, Family::v6);
  const UdpSocket owner(family, {});
  try {
    UdpSockets::bind({.port = owner.port()});
    FAIL("nothing was thrown");
  } catch (const base::SystemError& error) {
    CHECK(error.error_number() == EADDRINUSE);
    CHECK(error.hint() == fmt::format("another process uses UDP port {0}: `ss -ulpn sport = :{0}` "
                                      "shows which; choose another listen_port",
                                      owner.port()));
  }
}

TEST_CASE("where one family has hardly a free port a common one is found") {
  test::requires_root();
  const test::TestNetns netns;
  // Four ports to choose from; IPv6 has two of them left.
  const auto port = netns.run([] {
    base::Fd sysctl(::open("/proc/sys/net/ipv4/ip_local_port_range", O_WRONLY | O_CLOEXEC));
    base::check_system_call(static_cast<int>(::write(sysctl.get(), "40000 40003", 11)), "writing",
                            "ip_local_port_range");
    const UdpSocket first(Family::v6, {.port = 40000});
    const UdpSocket second(Family::v6, {.port = 40001});
    return UdpSockets::bind({}).port();
  });
  CHECK(port >= 40002);
  CHECK(port <= 40003);
}

TEST_CASE("a machine whose IPv6 is disabled still gets its IPv4 socket") {
  test::requires_root();
  const test::TestNetns netns;
  const auto sockets = netns.run([] {
    base::Fd sysctl(::open("/proc/sys/net/ipv6/conf/all/disable_ipv6", O_WRONLY | O_CLOEXEC));
    base::check_system_call(static_cast<int>(::write(sysctl.get(), "1", 1)), "writing",
                            "disable_ipv6");
    return UdpSockets::bind({});
  });
  REQUIRE(sockets.v4);
  CHECK(sockets.port() == sockets.v4->port());
}

TEST_CASE("a socket has the options that the engine relies on") {
  const UdpSocket v4(Family::v4, {});
  CHECK(option(v4, IPPROTO_IP, IP_PKTINFO) == 1);
  CHECK(option(v4, IPPROTO_IP, IP_RECVTOS) == 1);
  CHECK(option(v4, IPPROTO_IP, IP_MTU_DISCOVER) == IP_PMTUDISC_DONT);
  const UdpSocket v6(Family::v6, {});
  CHECK(option(v6, IPPROTO_IPV6, IPV6_V6ONLY) == 1);
  CHECK(option(v6, IPPROTO_IPV6, IPV6_RECVPKTINFO) == 1);
  CHECK(option(v6, IPPROTO_IPV6, IPV6_RECVTCLASS) == 1);
  CHECK(option(v6, IPPROTO_IPV6, IPV6_MTU_DISCOVER) == IPV6_PMTUDISC_DONT);
}

TEST_CASE("root's receive buffer passes the system's limit") {
  test::requires_root();
  const UdpSocket socket(Family::v4, {.buffer_bytes = 32 * 1024 * 1024});
  CHECK(socket.receive_buffer_bytes() == 32 * 1024 * 1024);
}

TEST_CASE("the firewall mark is set at the start and changed later") {
  test::requires_root();
  UdpSocket socket(Family::v4, {.fwmark = 0xca6c});
  CHECK(option(socket, SOL_SOCKET, SO_MARK) == 0xca6c);
  socket.set_fwmark(0);
  CHECK(option(socket, SOL_SOCKET, SO_MARK) == 0);
}
