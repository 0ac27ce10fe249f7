// A datagram that is sent from a cached source (ip(7), ipv6(7): IP_PKTINFO, IPV6_PKTINFO) which is
// gone by then: which errno says so. Each of these makes the engine forget the source and send
// again.
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <cstring>

#include <warren/system/tun_device.hpp>
#include <warren/system/udp_socket.hpp>

#include "support/netns.hpp"

using namespace warren;

namespace {

/// A namespace in which 10.8.0.1/24 and fd08::1/64 are on wr0, which leads to the destinations, and
/// a second interface, wr1, is without use.
struct Fixture {
  test::TestNetns netns;
  system::TunDevice tun = netns.run([] { return system::TunDevice({.name = "wr0"}); });
  system::TunDevice other = netns.run([] { return system::TunDevice({.name = "wr1"}); });
  system::Netlink netlink{netns.fd()};
  std::uint32_t index = netlink.link_index("wr0");
  system::UdpSocket v4 = netns.run([] { return system::UdpSocket(base::Family::v4, {}); });
  system::UdpSocket v6 = netns.run([] { return system::UdpSocket(base::Family::v6, {}); });

  Fixture() {
    netlink.set_link_up(index, true);
    netlink.add_address(index, *base::InterfaceAddress::parse("10.8.0.1/24"));
    netlink.add_address(index, *base::InterfaceAddress::parse("fd08::1/64"));
  }

  /// Sends from `source` through `interface` (0: any); 0 or errno.
  int send(const char* source, std::uint32_t interface) {
    const auto address = *base::IpAddress::parse(source);
    const bool is_v4 = address.is_v4();
    sockaddr_in6 to{};
    msghdr header{};
    header.msg_name = &to;
    header.msg_namelen = static_cast<socklen_t>(
        base::Endpoint::parse(is_v4 ? "10.8.0.2:7" : "[fd08::2]:7")->to_sockaddr(&to));
    char byte = 'x';
    iovec piece{&byte, 1};
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(in6_pktinfo))> control{};
    header.msg_control = control.data();
    in_pktinfo info4{};
    in6_pktinfo info6{};
    info4.ipi_ifindex = static_cast<int>(interface);
    info6.ipi6_ifindex = interface;
    std::memcpy(is_v4 ? static_cast<void*>(&info4.ipi_spec_dst) : &info6.ipi6_addr,
                address.bytes().data(), address.bytes().size());
    const std::size_t bytes = is_v4 ? sizeof info4 : sizeof info6;
    header.msg_controllen = CMSG_SPACE(bytes);
    cmsghdr* message = CMSG_FIRSTHDR(&header);
    message->cmsg_level = is_v4 ? IPPROTO_IP : IPPROTO_IPV6;
    message->cmsg_type = is_v4 ? IP_PKTINFO : IPV6_PKTINFO;
    message->cmsg_len = CMSG_LEN(bytes);
    std::memcpy(CMSG_DATA(message), is_v4 ? static_cast<const void*>(&info4) : &info6, bytes);
    return ::sendmsg(is_v4 ? v4.fd() : v6.fd(), &header, 0) < 0 ? errno : 0;
  }
};

}  // namespace

TEST_CASE("a source that is still there is used") {
  test::requires_root();
  Fixture fixture;
  CHECK(fixture.send("10.8.0.1", 0) == 0);
  CHECK(fixture.send("10.8.0.1", fixture.index) == 0);
  CHECK(fixture.send("fd08::1", 0) == 0);
  CHECK(fixture.send("fd08::1", fixture.index) == 0);
}

TEST_CASE("an IPv4 source that is no longer local gives ENETUNREACH") {
  test::requires_root();
  Fixture fixture;
  CHECK(fixture.send("10.8.0.77", fixture.index) == ENETUNREACH);
  CHECK(fixture.send("10.8.0.77", 0) == ENETUNREACH);
}

TEST_CASE("an IPv6 source that is no longer local gives EINVAL") {
  test::requires_root();
  Fixture fixture;
  CHECK(fixture.send("fd08::77", fixture.index) == EINVAL);
  CHECK(fixture.send("fd08::77", 0) == EINVAL);
}

TEST_CASE("an interface index that is gone gives ENODEV for both families") {
  test::requires_root();
  Fixture fixture;
  CHECK(fixture.send("10.8.0.1", 999) == ENODEV);
  CHECK(fixture.send("fd08::1", 999) == ENODEV);
}

TEST_CASE("an interface without a way there gives ENETUNREACH for IPv4; IPv6 goes another way") {
  test::requires_root();
  Fixture fixture;
  const auto other = fixture.netlink.link_index("wr1");
  CHECK(fixture.send("10.8.0.1", other) == ENETUNREACH);
  CHECK(fixture.send("fd08::1", other) == 0);
}
