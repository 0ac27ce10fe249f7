#include "sim/scenario.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <string>

namespace warren::sim {
namespace {

using namespace std::chrono_literals;

HostId any_host(World& world) {
  return world.random().below(world.host_count());
}

void bad_network(World& world) {
  Random& random = world.random();
  const Conditions before = world.network().conditions;
  Conditions& now = world.network().conditions;
  const auto up_to = [&](double bound) {
    return bound * static_cast<double>(random.below(1000)) / 1000;
  };
  now.max_delay = random.between(20ms, 500ms);
  now.loss = up_to(0.6);
  now.duplicate = up_to(0.3);
  now.late = up_to(0.3);
  now.tampered_copy = up_to(0.1);
  now.replay = up_to(0.1);
  now.mark_congestion = up_to(0.3);
  world.run_for(random.between(10s, 400s));
  world.network().conditions = before;
  world.run_for(now.max_lateness + now.max_delay);  // what is late arrives
}

void blackout(World& world) {
  const double before = world.network().conditions.loss;
  world.network().conditions.loss = 1;
  world.run_for(world.random().between(1s, 400s));
  world.network().conditions.loss = before;
}

void partition(World& world) {
  for (HostId a = 0; a < world.host_count(); ++a) {
    for (HostId b = a + 1; b < world.host_count(); ++b) {
      if (world.random().chance(0.5)) world.network().cut(a, b);
    }
  }
  world.run_for(world.random().between(1s, 300s));
  world.network().heal();
}

void roaming(World& world) {
  // One host only: when both ends move at once neither can find the other.
  HostId host = any_host(world);
  while (world.network().behind_nat(host)) host = any_host(world);
  for (auto times = 1 + world.random().below(4); times-- > 0;) {
    world.roam(host);
    world.run_for(world.random().between(100ms, 20s));
  }
}

void nat_remap(World& world) {
  for (HostId host = 0; host < world.host_count(); ++host) {
    if (world.network().behind_nat(host) && world.random().chance(0.7)) world.network().remap(host);
  }
  world.run_for(world.random().between(1s, 30s));
}

void suspend(World& world) {
  const HostId host = any_host(world);
  world.host(host).set_suspended(true);
  world.run_for(world.random().between(1s, 900s));
  world.host(host).set_suspended(false);
}

void interface_down(World& world) {
  const HostId host = any_host(world);
  world.host(host).set_up(false);
  world.run_for(world.random().between(0s, 300s));
  world.host(host).set_up(true);
}

void key_change(World& world) {
  const HostId host = any_host(world);
  world.host(host).change_key();
  for (HostId other = 0; other < world.host_count(); ++other) {
    if (other == host || !world.host(other).knows(host)) continue;
    world.after(world.random().between(0s, 5s),
                [&world, host, other] { world.host(other).replace_peer(host); });
  }
  world.run_for(6s);
}

}  // namespace

std::string_view name(Disturbance disturbance) {
  constexpr std::array<std::string_view, kDisturbanceCount> kNames{
      "bad network",    "blackout", "partition",      "roaming",    "NAT remap", "clock forward",
      "clock backward", "suspend",  "interface down", "key change", "restart"};
  return kNames[static_cast<std::size_t>(disturbance)];
}

void disturb(World& world, Disturbance disturbance) {
  Random& random = world.random();
  switch (disturbance) {
    case Disturbance::bad_network:
      return bad_network(world);
    case Disturbance::blackout:
      return blackout(world);
    case Disturbance::partition:
      return partition(world);
    case Disturbance::roaming:
      return roaming(world);
    case Disturbance::nat_remap:
      return nat_remap(world);
    case Disturbance::clock_forward:
      return world.host(any_host(world)).jump_wall_clock(random.between(1s, 10h));
    case Disturbance::clock_backward:
      return world.host(any_host(world)).jump_wall_clock(-random.between(1s, 10h));
    case Disturbance::suspend:
      return suspend(world);
    case Disturbance::interface_down:
      return interface_down(world);
    case Disturbance::key_change:
      return key_change(world);
    case Disturbance::restart:
      world.host(any_host(world)).start();
      return world.run_for(random.between(0s, 10s));
  }
}

void run_rounds(World& world, std::size_t rounds, const std::function<Disturbance()>& choose) {
  world.run_for(kRecoveryBound);  // the first handshakes
  // Long enough for a rekeying or two to fall into it; with many hosts one will do.
  const Duration longest_calm = world.host_count() == 2 ? 300s : 150s;
  for (std::size_t round = 0; round < rounds && world.checker().violations().empty(); ++round) {
    world.run_strictly_for(world.random().between(1s, longest_calm));
    const Disturbance disturbance = choose();
    world.trace(std::string(name(disturbance)));
    disturb(world, disturbance);
    world.run_for(kRecoveryBound);
  }
  world.run_strictly_for(60s);
}

void for_seeds(std::uint64_t count, const std::function<void(World&)>& scenario,
               const protocol::DeviceOptions& options) {
  std::uint64_t first = 1;
  if (const char* wanted = std::getenv("WARREN_SIM_SEEDS")) {
    count = std::max<std::uint64_t>(1, std::strtoull(wanted, nullptr, 10));
  }
  if (const char* one = std::getenv("WARREN_SIM_SEED")) {
    first = std::strtoull(one, nullptr, 10);
    count = 1;
  }
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    INFO(fmt::format("seed {} (repeat with WARREN_SIM_SEED={})", seed, seed));
    World world(seed, options);
    scenario(world);
    if (world.checker().violations().empty()) continue;
    std::string text = fmt::format("seed {} (repeat with WARREN_SIM_SEED={})", seed, seed);
    for (const auto& violation : world.checker().violations()) text += "\n  " + violation;
    FAIL(text);
  }
  SUCCEED();
}

}  // namespace warren::sim
