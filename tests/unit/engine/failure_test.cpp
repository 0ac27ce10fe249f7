// Sends that the kernel refuses.
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>

#include "traffic.hpp"

using namespace warren;
using namespace warren::test;

namespace {

void with_loopback(const TestNetns& underlay, auto&& work) {
  underlay.run([&] {
    system::Netlink netlink;
    work(netlink, netlink.link_index("lo"));
  });
}

}  // namespace

TEST_CASE("segmented messages that exceed the path's MTU are sent again as single datagrams") {
  requires_root();
  TunnelPair pair;
  REQUIRE(datagram_passes(pair.a, pair.b));
  // Datagrams of 1,452 bytes no longer fit: the kernel fragments single ones, and refuses to
  // segment.
  with_loopback(pair.underlay, [](auto& netlink, auto lo) { netlink.set_mtu(lo, 1280); });
  CHECK(stream_passes(pair.a, pair.b, 8 << 20));
  const auto sent = pair.a.statistics();
  CHECK(sent.udp_segment_fallbacks > 0);
  CHECK(sent.udp_segment_fallbacks < 100);
  CHECK(pair.a.feature("udp segmentation").starts_with("off for some endpoints: "));
  CHECK(pair.a.drops(base::Drop::out_send_failed) == 0);
}

/// Two underlays joined by a veth pair, A's with 10.77.0.2 and fd77::2, B's with two addresses
/// each.
struct JoinedUnderlays {
  JoinedUnderlays() {
    const auto command = fmt::format(
        "ip link add veth0 type veth peer name veth0 netns /proc/{}/fd/{}", ::getpid(), b.fd());
    REQUIRE(a.run([&] { return std::system(command.c_str()); }) == 0);
    prepare(a, {"10.77.0.2/24", "fd77::2/64"});
    // The first address of a network stays when the second is removed.
    prepare(b, {"10.77.0.3/24", "10.77.0.1/24", "fd77::3/64", "fd77::1/64"});
  }
  static void prepare(const TestNetns& netns, const std::vector<std::string>& addresses) {
    netns.run([&] {
      system::Netlink netlink;
      const auto index = netlink.link_index("veth0");
      for (const auto& address : addresses) {
        netlink.add_address(index, *base::InterfaceAddress::parse(address));
      }
      netlink.set_link_up(index, true);
    });
  }
  TestNetns a;
  TestNetns b;
};

TEST_CASE("a source address that is gone is forgotten, and the packet is sent again") {
  requires_root();
  for (const bool v6 : {false, true}) {
    CAPTURE(v6);
    JoinedUnderlays underlays;
    End a(underlays.a, TunnelPair::numbered({}, 1));
    End b(underlays.b, TunnelPair::numbered({}, 2));
    a.add_peer(b, v6 ? "[fd77::1]" : "10.77.0.1");
    b.add_peer(a, v6 ? "[fd77::2]" : "10.77.0.2");
    // B is spoken to at the address ending in 1, and answers from there.
    REQUIRE(datagram_passes(a, b));
    REQUIRE(datagram_passes(b, a));
    underlays.b.run([&] {
      system::Netlink netlink;
      netlink.remove_address(netlink.link_index("veth0"),
                             *base::InterfaceAddress::parse(v6 ? "fd77::1/64" : "10.77.0.1/24"));
    });
    const auto sender = bound_socket(b, SOCK_DGRAM, b.address() + ":0");
    const auto receiver = bound_socket(a, SOCK_DGRAM, a.address() + ":7000");
    send_to(sender, a.address() + ":7000", pattern(100, 3));
    CHECK(receive(receiver).has_value());
    CHECK(b.drops(base::Drop::out_send_failed) == 0);
  }
}

TEST_CASE("an unreachable network is counted, and traffic passes when it is back") {
  requires_root();
  JoinedUnderlays underlays;
  End a(underlays.a, TunnelPair::numbered({}, 1));
  End b(underlays.b, TunnelPair::numbered({}, 2));
  a.add_peer(b, "10.77.0.1");
  b.add_peer(a, "10.77.0.2");
  REQUIRE(datagram_passes(a, b));
  const auto set_up = [&](bool up) {
    underlays.a.run([&] {
      system::Netlink netlink;
      netlink.set_link_up(netlink.link_index("veth0"), up);
    });
  };
  set_up(false);
  const auto sender = bound_socket(a, SOCK_DGRAM, a.address() + ":0");
  for (unsigned round = 0; round < 5; ++round) {
    send_to(sender, b.address() + ":7000", pattern(100, round));
  }
  CHECK(eventually([&] { return a.drops(base::Drop::out_send_failed) == 5; }));
  const auto quiet = a.statistics().turns;
  std::this_thread::sleep_for(300ms);
  CHECK(a.statistics().turns == quiet + 1);
  set_up(true);
  CHECK(datagram_passes(a, b));
}

TEST_CASE("a datagram that nobody can send is dropped with its reason") {
  requires_root();
  EndOptions options;
  options.mtu = 65535;
  TunnelPair pair(options, options);
  REQUIRE(datagram_passes(pair.a, pair.b, 60'000));
  const auto before = pair.a.drops(base::Drop::out_too_big);
  const auto sender = bound_socket(pair.a, SOCK_DGRAM, pair.a.address() + ":0");
  send_to(sender, pair.b.address() + ":7000", pattern(65'500, 1));
  CHECK(eventually([&] { return pair.a.drops(base::Drop::out_too_big) == before + 1; }));
  CHECK(datagram_passes(pair.a, pair.b, 60'000));
}

TEST_CASE("garbage of any size leaves the receive path running") {
  requires_root();
  TunnelPair pair;
  REQUIRE(datagram_passes(pair.a, pair.b));
  const auto port = pair.b.port();
  const auto flood = pair.underlay.run([&] {
    base::Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    socklen_t length = 0;
    const auto to = socket_address(fmt::format("127.0.0.1:{}", port), length);
    unsigned sent = 0;
    for (std::size_t size : {0U, 1U, 3U, 4U, 31U, 32U, 92U, 148U, 1500U, 9000U, 65'507U}) {
      for (unsigned round = 0; round < 20; ++round) {
        const auto bytes = pattern(size, round);
        if (::sendto(fd.get(), bytes.data(), bytes.size(), 0,
                     reinterpret_cast<const sockaddr*>(&to), length) >= 0) {
          ++sent;
        }
      }
    }
    return sent;
  });
  CHECK(flood == 11 * 20);
  CHECK(datagram_passes(pair.a, pair.b));
  CHECK(datagram_passes(pair.b, pair.a));
}
