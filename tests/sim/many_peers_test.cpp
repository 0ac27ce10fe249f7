// 3 to 50 hosts: partitions, roaming and the rest with many sessions at once.
#include <catch2/catch_test_macros.hpp>

#include "sim/scenario.hpp"

using namespace warren;
using namespace warren::sim;
using namespace std::chrono_literals;

namespace {

Disturbance any_disturbance(World& world) {
  return static_cast<Disturbance>(world.random().below(kDisturbanceCount));
}

}  // namespace

TEST_CASE("a mesh of 3 to 8 hosts survives every disturbance in any order") {
  for_seeds(10, [](World& world) {
    const std::size_t hosts = 3 + world.random().below(6);
    world.add_host();
    for (HostId id = 1; id < hosts; ++id) {
      if (id == hosts - 1) {
        world.add_host_behind_nat(120s);
      } else {
        world.add_host();
      }
    }
    for (HostId a = 0; a < hosts; ++a) {
      for (HostId b = a + 1; b < hosts; ++b) {
        world.connect(a, b, {.keepalive = 0s, .preshared_key = world.random().chance(0.3)});
        world.add_flows_both_ways(a, b);
      }
    }
    world.start();
    run_rounds(world, 4, [&] { return any_disturbance(world); });
  });
}

TEST_CASE("fifty hosts, each with a few neighbours, survive every disturbance in any order") {
  for_seeds(2, [](World& world) {
    constexpr std::size_t kHosts = 50;
    for (HostId id = 0; id < kHosts; ++id) {
      // Every fifth is behind a NAT; its neighbours are not.
      if (id % 5 == 4) {
        world.add_host_behind_nat(120s);
      } else {
        world.add_host();
      }
    }
    const auto link = [&](HostId a, HostId b) {
      world.connect(a, b, {.keepalive = 0s, .preshared_key = world.random().chance(0.3)});
      world.add_flows_both_ways(a, b);
    };
    for (HostId id = 0; id < kHosts; ++id) {
      link(id, (id + 1) % kHosts);
      if (id != 0 && id + 1 != kHosts) link(id, 0);
    }
    world.start();
    run_rounds(world, 3, [&] { return any_disturbance(world); });
  });
}

TEST_CASE("a flood of replayed handshakes does not lock out the peer that needs one") {
  for_seeds(10, [](World& world) {
    world.add_host();
    world.add_host();
    world.connect(0, 1);
    world.add_flows_both_ways(0, 1);
    world.start();
    world.run_for(kRecoveryBound);

    // An initiation that host 1 once sent: its mac1 is right, so that it costs the receiver work.
    std::optional<Datagram> initiation;
    world.host(1).start();
    while (!initiation) {
      world.run_for(1s);
      for (const auto& datagram : world.network().remembered()) {
        if (datagram.bytes[0] == std::byte{1}) initiation = datagram;
      }
      if (!initiation) world.host(world.random().below(2)).start();
    }
    const HostId target = *world.network().owner(world.now(), initiation->to);
    constexpr Duration kFlood = 40s;
    for (Duration at{0}; at < kFlood; at += 3ms) {
      world.after(at, [&world, copy = *initiation, at] {
        Datagram one = copy;
        // Sources that never answer; none is asked for more often than the limit allows.
        one.from.port = static_cast<std::uint16_t>(1 + at / 3ms);
        world.inject(one);
      });
    }
    world.run_for(2s);
    // In the middle of the flood all sessions are lost.
    world.host(1 - target).start();
    world.run_for(kRecoveryBound);
    world.run_strictly_for(10s);
    CHECK(world.host(target).device().handshake_failures(protocol::HandshakeFailure::under_load) >
          1000);
  });
}
