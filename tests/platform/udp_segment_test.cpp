// The limits of UDP_SEGMENT (udp(7)): by count, by bytes, and by the way's MTU.
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <cstring>
#include <vector>

#include <warren/system/tun_device.hpp>
#include <warren/system/udp_socket.hpp>

#include "support/netns.hpp"
#include "support/poll.hpp"

using namespace warren;

namespace {

// What the engine keeps to. Newer kernels take more segments (UDP_MAX_SEGMENTS), none takes fewer.
constexpr std::size_t kSegments = 64;
constexpr std::size_t kMostBytes = 65507;  // an IPv4 packet's 65535 less its headers' 20 + 8

/// Sends `bytes` to `to` in segments of `segment_bytes`; 0 or errno.
int send_segmented(const system::UdpSocket& socket, const base::Endpoint& to, std::size_t bytes,
                   std::uint16_t segment_bytes) {
  std::vector<char> data(bytes, 'x');
  sockaddr_in6 storage{};
  msghdr header{};
  header.msg_name = &storage;
  header.msg_namelen = static_cast<socklen_t>(to.to_sockaddr(&storage));
  iovec piece{data.data(), data.size()};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof segment_bytes)> control{};
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  cmsghdr* message = CMSG_FIRSTHDR(&header);
  message->cmsg_level = IPPROTO_UDP;
  message->cmsg_type = UDP_SEGMENT;
  message->cmsg_len = CMSG_LEN(sizeof segment_bytes);
  std::memcpy(CMSG_DATA(message), &segment_bytes, sizeof segment_bytes);
  return ::sendmsg(socket.fd(), &header, 0) < 0 ? errno : 0;
}

base::Endpoint loopback(const system::UdpSocket& socket) {
  return {*base::IpAddress::parse(socket.family() == base::Family::v4 ? "127.0.0.1" : "::1"),
          socket.port(), 0};
}

}  // namespace

TEST_CASE("64 segments go out in one message and come in as one receive") {
  const system::UdpSocket sender(base::Family::v4, {});
  const system::UdpSocket receiver(base::Family::v4, {});
  REQUIRE(sender.segment());
  REQUIRE(receiver.gro());
  REQUIRE(send_segmented(sender, loopback(receiver), kSegments * 1000, 1000) == 0);
  REQUIRE(test::wait_ready(receiver.fd()));
  std::vector<char> data(65536);
  CHECK(::recv(receiver.fd(), data.data(), data.size(), 0) == kSegments * 1000);
}

TEST_CASE("the bytes of all segments together are limited to one IPv4 packet: EMSGSIZE") {
  const system::UdpSocket sender(base::Family::v4, {});
  const system::UdpSocket receiver(base::Family::v4, {});
  CHECK(send_segmented(sender, loopback(receiver), kMostBytes, 1200) == 0);
  CHECK(send_segmented(sender, loopback(receiver), kMostBytes + 1, 1200) == EMSGSIZE);
}

TEST_CASE("an IPv6 message has the same room for its segments") {
  const system::UdpSocket sender(base::Family::v6, {});
  const system::UdpSocket receiver(base::Family::v6, {});
  CHECK(send_segmented(sender, loopback(receiver), kMostBytes, 1200) == 0);
}

TEST_CASE("too many segments are EINVAL") {
  const system::UdpSocket sender(base::Family::v4, {});
  const system::UdpSocket receiver(base::Family::v4, {});
  CHECK(send_segmented(sender, loopback(receiver), 1000, 1) == EINVAL);
}

TEST_CASE(
    "a segment that exceeds the way's MTU is EMSGSIZE or EINVAL, where a datagram is fragmented") {
  test::requires_root();
  const test::TestNetns netns;
  const auto tun = netns.run([] { return system::TunDevice({.name = "wr0"}); });
  system::Netlink netlink(netns.fd());
  const auto index = netlink.link_index("wr0");
  netlink.set_mtu(index, 1300);
  netlink.set_link_up(index, true);
  netlink.add_address(index, *base::InterfaceAddress::parse("10.8.0.1/24"));
  const auto sender = netns.run([] { return system::UdpSocket(base::Family::v4, {}); });
  const auto to = *base::Endpoint::parse("10.8.0.2:7");
  CHECK(send_segmented(sender, to, 4 * 1272, 1272) == 0);
  const int error = send_segmented(sender, to, 4 * 1273, 1273);
  CHECK((error == EMSGSIZE || error == EINVAL));
  sockaddr_in6 storage{};
  const auto length = static_cast<socklen_t>(to.to_sockaddr(&storage));
  const std::vector<char> data(1273, 'x');
  CHECK(::sendto(sender.fd(), data.data(), data.size(), 0,
                 reinterpret_cast<const sockaddr*>(&storage), length) == 1273);
}
