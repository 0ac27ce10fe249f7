// What happens to the devices and sockets under a running engine.
#include <time.h>

#include <catch2/catch_test_macros.hpp>

#include "traffic.hpp"

using namespace warren;
using namespace warren::test;

namespace {

void set_link(const End& end, bool up) {
  end.inner().run([&] {
    system::Netlink netlink;
    netlink.set_link_up(netlink.link_index("tun0"), up);
  });
}

}  // namespace

TEST_CASE("an idle engine does not wake up") {
  requires_root();
  TunnelPair pair;
  REQUIRE(datagram_passes(pair.a, pair.b));
  // The last receive is answered with a keepalive after 10 s at the latest; what is left of the
  // handshake is over after a moment.
  std::this_thread::sleep_for(200ms);
  const auto before = pair.b.statistics().turns;
  std::this_thread::sleep_for(3s);
  // The second question is a wake-up itself.
  CHECK(pair.b.statistics().turns == before + 1);
}

TEST_CASE("an interface that goes down and up again carries traffic again, and nothing spins") {
  requires_root();
  TunnelPair pair;
  REQUIRE(datagram_passes(pair.a, pair.b));
  set_link(pair.b, false);
  // Written to an interface that is down: counted.
  const auto sender = bound_socket(pair.a, SOCK_DGRAM, pair.a.address() + ":0");
  send_to(sender, pair.b.address() + ":7000", pattern(100, 1));
  CHECK(eventually([&] { return pair.b.drops(base::Drop::in_write_failed) == 1; }));
  std::this_thread::sleep_for(500ms);
  const auto quiet = pair.b.statistics().turns;
  std::this_thread::sleep_for(500ms);
  CHECK(pair.b.statistics().turns == quiet + 1);
  set_link(pair.b, true);
  CHECK(datagram_passes(pair.a, pair.b));
  CHECK(datagram_passes(pair.b, pair.a));
  CHECK(pair.b.gone_count() == 0);
}

TEST_CASE("of a burst for an interface that is down each packet is counted once") {
  requires_root();
  TunnelPair pair;
  REQUIRE(datagram_passes(pair.a, pair.b));
  set_link(pair.b, false);
  const auto sender = bound_socket(pair.a, SOCK_DGRAM, pair.a.address() + ":0");
  std::uint64_t sent = 0;
  for (int round = 0; round < 3; ++round) {
    // All come in one turn, and growing lengths keep them apart: each has a write of its own.
    pair.b.in_engine([&] {
      for (unsigned length = 100; length < 200; ++length) {
        send_to(sender, pair.b.address() + ":7000", pattern(length, length));
      }
      std::this_thread::sleep_for(100ms);
    });
    sent += 100;
    CHECK(eventually([&] { return pair.b.drops(base::Drop::in_write_failed) >= sent; }));
    CHECK(pair.b.drops(base::Drop::in_write_failed) == sent);
  }
  set_link(pair.b, true);
  CHECK(stream_passes(pair.a, pair.b, 4 << 20));
  CHECK(pair.b.drops(base::Drop::in_write_failed) == sent);
}

TEST_CASE("a changed MTU is followed by the packets' sizes") {
  requires_root();
  TunnelPair pair;
  for (const std::uint32_t mtu : {1280U, 1299U, 9000U, 65535U}) {
    CAPTURE(mtu);
    for (End* end : {&pair.a, &pair.b}) {
      end->inner().run([&] {
        system::Netlink netlink;
        netlink.set_mtu(netlink.link_index("tun0"), mtu);
      });
      end->in_engine([&] { end->device().set_mtu(mtu); });
    }
    CHECK(datagram_passes(pair.a, pair.b, 2000));
    CHECK(datagram_passes(pair.b, pair.a, 20000));
    // At 65,535 TCP would send more than a datagram can carry.
    if (mtu < 65535) CHECK(stream_passes(pair.a, pair.b, 4 << 20));
  }
}

TEST_CASE("a deleted interface is reported once, and the engine goes on") {
  requires_root();
  TunnelPair pair;
  REQUIRE(datagram_passes(pair.a, pair.b));
  pair.b.inner().run([&] {
    system::Netlink netlink;
    netlink.delete_link(netlink.link_index("tun0"));
  });
  CHECK(eventually([&] { return pair.b.gone_count() == 1; }));
  const auto sender = bound_socket(pair.a, SOCK_DGRAM, pair.a.address() + ":0");
  for (unsigned round = 0; round < 3; ++round) {
    send_to(sender, pair.b.address() + ":7000", pattern(100, round));
  }
  CHECK(eventually([&] { return pair.b.drops(base::Drop::in_write_failed) == 3; }));
  const auto quiet = pair.b.statistics().turns;
  std::this_thread::sleep_for(300ms);
  CHECK(pair.b.statistics().turns == quiet + 1);
  CHECK(pair.b.gone_count() == 1);
}

TEST_CASE("packets that come one by one cost one turn each") {
  requires_root();
  TunnelPair pair;
  REQUIRE(datagram_passes(pair.a, pair.b));
  const auto sender = bound_socket(pair.a, SOCK_DGRAM, pair.a.address() + ":0");
  const auto receiver = bound_socket(pair.b, SOCK_DGRAM, pair.b.address() + ":7000");
  const auto before = pair.a.statistics();
  constexpr std::uint64_t kPackets = 100;
  for (unsigned number = 0; number < kPackets; ++number) {
    send_to(sender, pair.b.address() + ":7000", pattern(100, number));
    REQUIRE(receive(receiver).has_value());
  }
  const auto after = pair.a.statistics();
  CHECK(after.tun_reads - before.tun_reads >= kPackets);
  // Timers, what asks for the statistics, and what the kernel says of its own accord.
  CHECK(after.turns - before.turns < kPackets + kPackets / 4);
}

TEST_CASE("after a new listen port traffic passes, and the old port is free") {
  requires_root();
  for (const bool multishot : {true, false}) {
    CAPTURE(multishot);
    EndOptions options;
    options.restrictions.multishot = multishot;
    TunnelPair pair(options, options);
    REQUIRE(datagram_passes(pair.a, pair.b));
    for (int round = 0; round < 20; ++round) {
      const auto old = pair.b.port();
      pair.b.in_engine([&] { pair.b.engine().set_listen_port(0); });
      CHECK(pair.b.port() != old);
      // The old sockets' last references go with the cancelled receives.
      CHECK(eventually([&] {
        return pair.underlay.run([&] {
          try {
            system::UdpSockets::bind({.port = old});
            return true;
          } catch (const base::Error&) {
            return false;
          }
        });
      }));
      // B speaks first: A learns the new port.
      CHECK(datagram_passes(pair.b, pair.a));
    }
    CHECK(stream_passes(pair.a, pair.b, 8 << 20));
  }
}

TEST_CASE("a port that is taken is refused, and the old sockets stay") {
  requires_root();
  TunnelPair pair;
  const auto taken = pair.a.port();
  const auto own = pair.b.port();
  CHECK_THROWS_AS(pair.b.in_engine([&] { pair.b.engine().set_listen_port(taken); }), base::Error);
  CHECK(pair.b.port() == own);
  CHECK(datagram_passes(pair.a, pair.b));
}

TEST_CASE("when an engine ends its TUN device goes with it") {
  requires_root();
  TestNetns underlay;
  TestNetns inner;
  inner.run([&] {
    crypto::Aead aead(crypto::available_backends().front());
    for (int round = 0; round < 10; ++round) {
      protocol::Device device({}, aead, crypto::system_random());
      // The name is free again at once, though reads were in flight a moment ago.
      system::TunDevice tun({.name = "tun7"});
      engine::Engine engine({}, device, tun);
      engine.call_at(system::boot_now() + 1ms, [&] { engine.stop(); });
      engine.run();
    }
  });
  SUCCEED();
}
