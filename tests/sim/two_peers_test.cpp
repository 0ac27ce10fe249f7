// Two hosts, one disturbance of one kind at a time.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "sim/scenario.hpp"

using namespace warren;
using namespace warren::sim;
using namespace std::chrono_literals;

namespace {

/// Both public, or the second behind a NAT.
void two_hosts(World& world, bool nat) {
  world.add_host();
  if (nat) {
    world.add_host_behind_nat(120s);
  } else {
    world.add_host();
  }
  const bool keepalive = nat || world.random().chance(0.3);
  world.connect(0, 1,
                {.keepalive = keepalive ? 25s : 0s, .preshared_key = world.random().chance(0.5)});
  world.add_flows_both_ways(0, 1);
  world.start();
}

const protocol::DeviceOptions kFewMessages{
    .message_limits = protocol::MessageLimits{.rekey_after = 60, .reject_after = 150}};

void rounds_of(Disturbance disturbance, std::uint64_t seeds, std::size_t rounds) {
  for_seeds(seeds, [&](World& world) {
    const bool nat = disturbance == Disturbance::nat_remap ||
                     (disturbance != Disturbance::roaming && world.random().chance(0.3));
    two_hosts(world, nat);
    run_rounds(world, rounds, [&] { return disturbance; });
  });
}

}  // namespace

TEST_CASE("an hour on a sound network loses nothing and drops nothing") {
  for_seeds(10, [](World& world) {
    two_hosts(world, world.random().chance(0.5));
    world.run_for(kRecoveryBound);
    const auto drops = world.host(0).drops() + world.host(1).drops();
    world.run_strictly_for(1h);
    // Forged packets are dropped where they arrive; nothing else is.
    const auto forged = world.host(0).device().drops().get(base::Drop::in_source_not_allowed) +
                        world.host(1).device().drops().get(base::Drop::in_source_not_allowed);
    CHECK(world.host(0).drops() + world.host(1).drops() <= drops + forged);
  });
}

TEST_CASE("traffic flows again after loss, duplication, reordering, tampering and replays") {
  rounds_of(Disturbance::bad_network, 60, 5);
}

TEST_CASE("traffic flows again after a blackout") {
  rounds_of(Disturbance::blackout, 40, 5);
}

TEST_CASE("traffic flows again after a partition") {
  rounds_of(Disturbance::partition, 40, 5);
}

TEST_CASE("traffic follows a host whose address changes") {
  rounds_of(Disturbance::roaming, 40, 5);
}

TEST_CASE("traffic flows again after a NAT forgot its mapping") {
  rounds_of(Disturbance::nat_remap, 40, 5);
}

TEST_CASE("a wall clock that steps forward disturbs nothing") {
  rounds_of(Disturbance::clock_forward, 40, 5);
}

TEST_CASE("a wall clock that steps back is survived: the other end's handshakes serve both") {
  rounds_of(Disturbance::clock_backward, 40, 5);
}

TEST_CASE("a wall clock that steps back is survived though the other end is silent") {
  for_seeds(40, [](World& world) {
    world.add_host();
    world.add_host();
    world.connect(0, 1);
    world.add_flow({.from = 0, .to = 1});
    world.start();
    world.run_for(5s);
    world.run_strictly_for(world.random().between(1s, 300s));
    world.host(0).jump_wall_clock(-world.random().between(1s, 10h));
    world.run_strictly_for(300s);
    // With no session left the other end cannot help: its memory of timestamps is all there is.
    world.set_flows(false);
    world.run_for(200s);
    world.set_flows(true);
    world.run_strictly_for(300s);
  });
}

TEST_CASE("a session is used for as long as it may be while no new one can be had, and no longer") {
  for_seeds(10, [](World& world) {
    world.add_host();
    world.add_host();
    world.connect(0, 1);
    world.add_flows_both_ways(0, 1);
    world.start();
    world.run_for(kRecoveryBound);
    // Data passes, handshakes do not.
    world.network().conditions.handshake_loss = 1;
    world.run_for(600s);
    CHECK(world.checker().oldest_session() > 178s);
    CHECK(world.checker().oldest_session() < 180s);
    world.network().conditions.handshake_loss = 0;
    world.run_for(kRecoveryBound);
    world.run_strictly_for(60s);
  });
}

TEST_CASE("a session that has sealed its share of messages is replaced, and nothing is lost") {
  for_seeds(
      20,
      [](World& world) {
        two_hosts(world, world.random().chance(0.3));
        world.run_for(kRecoveryBound);
        world.run_strictly_for(600s);
        // At some three packets in two seconds each way; by time alone it would be 120 s.
        CHECK(world.checker().oldest_session() < 90s);
      },
      kFewMessages);
}

TEST_CASE("a session seals no more than its limit of messages while no new one can be had") {
  for_seeds(
      20,
      [](World& world) {
        world.add_host();
        world.add_host();
        world.connect(0, 1);
        world.add_flows_both_ways(0, 1);
        world.start();
        world.run_for(kRecoveryBound);
        // Data passes, handshakes do not.
        world.network().conditions.handshake_loss = 1;
        const auto delivered = world.checker().delivered_count();
        world.run_for(170s);
        const auto more = world.checker().delivered_count() - delivered;
        CHECK(more > 0);
        CHECK(more <= 2 * kFewMessages.message_limits->reject_after);
        world.run_for(400s);
        CHECK(world.checker().delivered_count() - delivered == more);
        world.network().conditions.handshake_loss = 0;
        world.run_for(kRecoveryBound);
        world.run_strictly_for(60s);
      },
      kFewMessages);
}

TEST_CASE("a datagram that was held back for longer than its session may live is not delivered") {
  for_seeds(20, [](World& world) {
    world.add_host();
    world.add_host();
    world.connect(0, 1);
    world.add_flows_both_ways(0, 1);
    world.start();
    world.run_for(kRecoveryBound);
    world.network().conditions.late = 0.5;
    world.network().conditions.max_lateness = 400s;
    world.run_for(600s);
    world.network().conditions.late = 0;
    world.run_for(400s);
    CHECK(world.host(0).device().drops().get(base::Drop::in_session_expired) +
              world.host(0).device().drops().get(base::Drop::in_unknown_index) >
          0);
    world.run_for(kRecoveryBound);
    world.run_strictly_for(60s);
  });
}

TEST_CASE("traffic flows again after a host slept") {
  rounds_of(Disturbance::suspend, 40, 5);
}

TEST_CASE("traffic flows again after an interface was down") {
  rounds_of(Disturbance::interface_down, 40, 5);
}

TEST_CASE("traffic flows again after a key was changed") {
  rounds_of(Disturbance::key_change, 40, 5);
}

TEST_CASE("traffic flows again after a restart") {
  rounds_of(Disturbance::restart, 40, 5);
}

TEST_CASE("two hosts survive every disturbance in any order") {
  for_seeds(200, [](World& world) {
    const bool nat = world.random().chance(0.5);
    two_hosts(world, nat);
    run_rounds(world, 6, [&] {
      for (;;) {
        const auto kind = static_cast<Disturbance>(world.random().below(kDisturbanceCount));
        if (kind == Disturbance::nat_remap && !nat) continue;
        return kind;
      }
    });
  });
}
