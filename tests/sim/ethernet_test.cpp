// TAP devices: a wire, a switch, a hub.
#include <catch2/catch_test_macros.hpp>

#include "sim/scenario.hpp"

using namespace warren;
using namespace warren::sim;
using namespace std::chrono_literals;

namespace {

constexpr protocol::DeviceOptions kTap{.kind = protocol::Kind::tap, .hub = false, .mtu = 1420};
constexpr protocol::DeviceOptions kHub{.kind = protocol::Kind::tap, .hub = true, .mtu = 1420};

Disturbance any_disturbance(World& world) {
  for (;;) {
    const auto kind = static_cast<Disturbance>(world.random().below(kDisturbanceCount));
    if (kind != Disturbance::nat_remap) return kind;
  }
}

}  // namespace

TEST_CASE("two TAP hosts are a wire that survives every disturbance") {
  for_seeds(
      30,
      [](World& world) {
        world.add_host();
        world.add_host();
        world.connect(0, 1);
        world.add_flows_both_ways(0, 1);
        world.start();
        run_rounds(world, 5, [&] { return any_disturbance(world); });
      },
      kTap);
}

TEST_CASE("a mesh of TAP hosts is a switch: known addresses are not flooded") {
  for_seeds(
      8,
      [](World& world) {
        constexpr std::size_t kHosts = 5;
        for (HostId id = 0; id < kHosts; ++id) world.add_host();
        for (HostId a = 0; a < kHosts; ++a) {
          for (HostId b = a + 1; b < kHosts; ++b) {
            world.connect(a, b);
            world.add_flows_both_ways(a, b);
          }
        }
        world.start();
        world.run_for(kRecoveryBound);
        const auto sent = world.checker().sent_count();
        const auto delivered = world.checker().delivered_count();
        world.run_strictly_for(300s);
        world.set_flows(false);
        world.run_for(1s);
        // Everybody was heard: each frame goes to one host, give or take those on their way.
        const auto new_sent = world.checker().sent_count() - sent;
        CHECK(world.checker().delivered_count() - delivered <= new_sent + 40);
        CHECK(world.checker().delivered_count() - delivered + 40 >= new_sent);
        world.set_flows(true);
        run_rounds(world, 3, [&] { return any_disturbance(world); });
      },
      kTap);
}

TEST_CASE("spokes reach each other through a hub, each frame once") {
  for_seeds(
      12,
      [](World& world) {
        world.add_host(kHub);
        for (HostId id = 1; id <= 3; ++id) {
          world.add_host();
          world.connect(0, id);
        }
        for (HostId a = 0; a <= 3; ++a) {
          for (HostId b = a + 1; b <= 3; ++b) world.add_flows_both_ways(a, b);
        }
        world.start();
        run_rounds(world, 4, [&] { return any_disturbance(world); });
      },
      kTap);
}

TEST_CASE("without a hub in the middle spokes do not reach each other") {
  for_seeds(
      5,
      [](World& world) {
        for (HostId id = 0; id <= 2; ++id) world.add_host();
        world.connect(0, 1);
        world.connect(0, 2);
        world.add_flow({.from = 1, .to = 2});
        world.start();
        world.run_for(300s);
        // Host 0 gets the flooded frames; host 2 none.
        CHECK(world.host(2).datagrams_sent() == 0);
        CHECK(world.checker().delivered_count() > 100);
      },
      kTap);
}
