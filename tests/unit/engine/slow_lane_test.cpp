// What the engine sends of its own accord - handshakes, staged packets - beside bulk data.
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <future>
#include <optional>
#include <thread>

#include "traffic.hpp"

using namespace warren;
using namespace warren::test;

namespace {

/// Keeps the thread of an engine busy, so that what arrives meanwhile is found in one turn.
class Held {
 public:
  explicit Held(End& end) {
    std::promise<void> entered;
    auto inside = entered.get_future();
    thread_ = std::thread([this, &end, &entered] {
      end.in_engine([&] {
        entered.set_value();
        let_go_.get_future().wait();
      });
    });
    inside.wait();
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  ~Held() {
    let_go_.set_value();
    thread_.join();
  }

 private:
  std::promise<void> let_go_;
  std::thread thread_;
};

[[nodiscard]] std::size_t staged_packets(End& end) {
  std::size_t count = 0;
  end.in_engine([&] {
    for (const auto peer : end.device().peers()) count += end.device().status(peer).staged_packets;
  });
  return count;
}

/// Hears every IPv4 packet on the loopback of `netns`, in order.
base::Fd capture(const TestNetns& netns) {
  return netns.run([] {
    base::Fd fd(base::check_system_call(
        ::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_IP)), "making", "a socket"));
    const auto set = [&](int level, int option, int value) {
      base::check_system_call(::setsockopt(fd.get(), level, option, &value, sizeof value),
                              "setting up", "a socket");
    };
    set(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
    set(SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20);
    return fd;
  });
}

/// The type of the message in a captured packet.
unsigned message_type(const std::vector<std::byte>& packet) {
  constexpr std::size_t kUdpHeaderBytes = 8;
  const std::size_t ip_header = std::to_integer<std::size_t>(packet.at(0) & std::byte{15}) * 4;
  return std::to_integer<unsigned>(packet.at(ip_header + kUdpHeaderBytes));
}

}  // namespace

TEST_CASE("staged packets leave ahead of one that is read in the turn of the response") {
  requires_root();
  TunnelPair pair;
  const auto receiver = bound_socket(pair.b, SOCK_DGRAM, pair.b.address() + ":7000");
  const auto sender = bound_socket(pair.a, SOCK_DGRAM, pair.a.address() + ":0");
  const auto send = [&](unsigned number) {
    send_to(sender, pair.b.address() + ":7000", pattern(100, number));
  };
  {
    std::optional<Held> b_held(std::in_place, pair.b);
    for (unsigned number = 0; number < 3; ++number) send(number);
    REQUIRE(eventually([&] { return staged_packets(pair.a) == 3; }));
    const Held a_held(pair.a);
    b_held.reset();
    REQUIRE(eventually([&] { return pair.b.statistics().udp_sends == 1; }));
    send(3);
  }
  for (unsigned number = 0; number < 4; ++number) {
    CAPTURE(number);
    const auto arrived = receive(receiver);
    REQUIRE(arrived.has_value());
    CHECK(*arrived == pattern(100, number));
  }
}

TEST_CASE("bulk data that fills every transmit slot does not hold a handshake up") {
  requires_root();
  EndOptions options;
  options.mtu = 60'000;
  options.restrictions.transmit_slots = 2;
  TunnelPair pair(options, {.mtu = 60'000});
  End c(pair.underlay, {.number = 3});
  pair.a.add_peer(c, "127.0.0.1");
  c.add_peer(pair.a, "127.0.0.1");
  REQUIRE(datagram_passes(pair.a, pair.b));
  const auto from_a = bound_socket(pair.a, SOCK_DGRAM, pair.a.address() + ":0");
  const int room = 64 << 20;
  REQUIRE(::setsockopt(from_a.get(), SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room) == 0);
  const auto from_c = bound_socket(c, SOCK_DGRAM, c.address() + ":0");
  const auto wire = capture(pair.underlay);
  constexpr unsigned kBulk = 100;
  {
    const Held held(pair.a);
    // Each fills a slot: while they last, those of a turn take both.
    for (unsigned sent = 0; sent < kBulk; ++sent) {
      send_to(from_a, pair.b.address() + ":9", pattern(59'000, 1));
    }
    send_to(from_c, pair.a.address() + ":9", pattern(100, 1));
    REQUIRE(eventually([&] { return c.statistics().udp_sends == 1; }));
  }
  unsigned bulk_ahead = 0;
  for (;;) {
    const auto packet = receive(wire);
    REQUIRE(packet.has_value());
    const unsigned type = message_type(*packet);
    if (type == 2) break;
    bulk_ahead += type == 4 ? 1 : 0;
  }
  CHECK(bulk_ahead < kBulk / 4);
}

TEST_CASE("while every transmit slot waits for the wire the loop sleeps") {
  requires_root();
  if (!engine::probe_ring().send_zero_copy) SKIP("this kernel has no SENDMSG_ZC");
  EndOptions options;
  options.mtu = 60'000;
  options.tuning.zero_copy = true;
  options.restrictions.transmit_slots = 2;
  TunnelPair pair(options, {.mtu = 60'000});
  REQUIRE(datagram_passes(pair.a, pair.b));
  // Packets wait in the shaper, and their bytes in the slots.
  const int made = pair.underlay.run(
      [] { return std::system("tc qdisc add dev lo root tbf rate 200mbit burst 130k limit 8m"); });
  if (made != 0) SKIP("no shaper: tc, or the kernel's sch_tbf");
  const auto receiver = bound_socket(pair.b, SOCK_DGRAM, pair.b.address() + ":7000");
  const auto sender = bound_socket(pair.a, SOCK_DGRAM, pair.a.address() + ":0");
  const int room = 64 << 20;
  REQUIRE(::setsockopt(sender.get(), SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room) == 0);
  REQUIRE(::setsockopt(receiver.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) == 0);
  const auto before = pair.a.statistics();
  constexpr unsigned kPackets = 60;  // 140 ms
  for (unsigned sent = 0; sent < kPackets; ++sent) {
    send_to(sender, pair.b.address() + ":7000", pattern(59'000, sent));
  }
  for (unsigned number = 0; number < kPackets; ++number) {
    CAPTURE(number);
    const auto arrived = receive(receiver);
    REQUIRE(arrived.has_value());
    REQUIRE(*arrived == pattern(59'000, number));
  }
  const auto after = pair.a.statistics();
  REQUIRE(after.udp_zero_copy_sends - before.udp_zero_copy_sends == kPackets);
  // Of each message there are two completions, and its packet was read.
  CAPTURE(after.turns - before.turns);
  CHECK(after.turns - before.turns < 5 * kPackets);
}
