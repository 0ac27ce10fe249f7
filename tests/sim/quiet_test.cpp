// What hosts do when there is nothing to do.
#include <catch2/catch_test_macros.hpp>

#include "sim/scenario.hpp"

using namespace warren;
using namespace warren::sim;
using namespace std::chrono_literals;

TEST_CASE("idle hosts without persistent keepalive send nothing and set no timer") {
  for_seeds(30, [](World& world) {
    const std::size_t hosts = 2 + world.random().below(5);
    for (HostId id = 0; id < hosts; ++id) world.add_host();
    for (HostId a = 0; a < hosts; ++a) {
      for (HostId b = a + 1; b < hosts; ++b) {
        world.connect(a, b);
        world.add_flows_both_ways(a, b);
      }
    }
    world.start();
    world.run_for(world.random().between(1s, 400s));
    world.set_flows(false);
    // The last keepalives answer the last packets.
    world.run_for(protocol::kKeepaliveTimeout + 1s);
    const auto sent = world.datagrams_sent();
    // Keys are wiped at last.
    world.run_for(protocol::kZeroKeysAfterTime + 1s);
    std::uint64_t timeouts = 0;
    for (HostId id = 0; id < hosts; ++id) {
      CHECK_FALSE(world.host(id).device().poll_timeout());
      timeouts += world.checker().timeouts_handled(id);
    }
    world.run_for(10h);
    CHECK(world.datagrams_sent() == sent);
    for (HostId id = 0; id < hosts; ++id) timeouts -= world.checker().timeouts_handled(id);
    CHECK(timeouts == 0);
    // And they wake up when there is something to do.
    world.set_flows(true);
    world.run_strictly_for(30s);
  });
}

TEST_CASE("hosts that were never spoken to send nothing") {
  for_seeds(5, [](World& world) {
    for (HostId id = 0; id < 4; ++id) world.add_host();
    for (HostId id = 1; id < 4; ++id) world.connect(0, id);
    for (HostId id = 0; id < 4; ++id) world.host(id).start();
    world.run_for(10h);
    CHECK(world.datagrams_sent() == 0);
    CHECK(world.checker().timeouts_handled(0) == 0);
  });
}

TEST_CASE("a peer that never answers is asked for 90 s and then left alone") {
  for_seeds(20, [](World& world) {
    world.add_host();
    world.add_host();
    world.connect(0, 1);
    world.host(0).start();
    world.send({.from = 0, .to = 1, .max_batch = 1});
    world.run_for(10h);
    // One at once, then one every 5 s to 5.333 s for 90 s.
    const auto sent = world.datagrams_sent();
    CHECK(sent >= 17);
    CHECK(sent <= 20);
    CHECK_FALSE(world.host(0).device().poll_timeout());
    CHECK(world.host(0).device().status(world.host(0).peer_id(1)).staged_packets == 0);
  });
}

TEST_CASE("a session that one side lost in silence is replaced by the side that speaks alone") {
  for_seeds(40, [](World& world) {
    world.add_host();
    world.add_host();
    world.connect(0, 1);
    world.add_flow({.from = 0, .to = 1});
    world.start();
    world.run_for(kRecoveryBound);
    for (int round = 0; round < 5; ++round) {
      world.run_strictly_for(world.random().between(1s, 200s));
      world.host(1).start();
      world.run_for(kRecoveryBound);
    }
    world.run_strictly_for(60s);
  });
}

TEST_CASE("persistent keepalive holds a NAT open for whoever calls from outside") {
  for_seeds(20, [](World& world) {
    world.add_host();
    world.add_host_behind_nat(40s);
    world.connect(0, 1, {.keepalive = 25s, .preshared_key = false});
    // Only from outside to inside, and seldom: sessions come and go in between.
    world.add_flow({.from = 0, .to = 1, .min_gap = 30s, .max_gap = 900s});
    world.start();
    world.run_for(30s);
    const auto before = world.host(1).datagrams_sent();
    world.run_strictly_for(3h);
    // A keepalive each 25 s, a handshake each two minutes, and answers to what came.
    const auto sent = world.host(1).datagrams_sent() - before;
    CHECK(sent >= 3 * 3600 / 26);
    CHECK(sent <= 3 * 3600 / 25 + 3 * 3600 / 100 * 2 + 200);
  });
}

TEST_CASE("traffic in one direction alone keeps its session fresh") {
  for_seeds(20, [](World& world) {
    world.add_host();
    world.add_host();
    world.connect(0, 1);
    world.add_flow({.from = 0, .to = 1});
    world.start();
    world.run_for(5s);
    world.run_strictly_for(1h);
  });
}
