// The simulator can fail: each invariant is broken once on purpose, in the checker alone and in a
// whole run.
#include <catch2/catch_test_macros.hpp>
#include <string>
#include <string_view>

#include "sim/scenario.hpp"

using namespace warren;
using namespace warren::sim;
using namespace std::chrono_literals;

namespace {

constexpr Instant kStart{1s};

InnerPacket packet(PacketId id) {
  return {.id = id,
          .source = *base::IpAddress::parse("10.0.0.1"),
          .destination = *base::IpAddress::parse("10.0.1.1"),
          .payload_bytes = 20,
          .ecn = 0,
          .source_mac = {},
          .destination_mac = {}};
}

/// A checker that knows of packet 1, from host 0 to host 1.
Checker with_one_packet(bool forged = false) {
  Checker checker(false);
  checker.sent({.packet = packet(1),
                .from = 0,
                .to = 1,
                .forged = forged,
                .at = kStart,
                .delivered_to = {}});
  return checker;
}

bool found(const Checker& checker, std::string_view text) {
  for (const auto& violation : checker.violations()) {
    if (violation.find(text) != std::string::npos) return true;
  }
  return false;
}

/// What a run with a misbehaving host is accused of.
std::string run_with(Sabotage sabotage, const Conditions& conditions = {}) {
  World world(1, {});
  world.add_host();
  world.add_host();
  world.connect(0, 1);
  world.add_flows_both_ways(0, 1);
  world.start();
  world.host(1).sabotage(sabotage);
  world.network().conditions = conditions;
  world.run_for(5s);
  world.run_strictly_for(600s);
  return world.checker().violations().empty() ? "" : world.checker().violations().front();
}

}  // namespace

TEST_CASE("the checker accepts a packet that arrives as it was sent") {
  auto checker = with_one_packet();
  checker.delivered(kStart, 1, 0, build(packet(1)));
  CHECK(checker.violations().empty());
  CHECK(checker.delivered_count() == 1);
}

TEST_CASE("the checker accepts a congestion mark only on a packet that is capable of it") {
  auto capable = packet(1);
  capable.ecn = 1;
  auto marked = capable;
  marked.ecn = 3;
  CHECK(matches(capable, build(marked)));
  CHECK_FALSE(matches(packet(1), build(marked)));
  CHECK_FALSE(matches(marked, build(capable)));
}

TEST_CASE("the checker notices a packet delivered twice") {
  auto checker = with_one_packet();
  checker.delivered(kStart, 1, 0, build(packet(1)));
  checker.delivered(kStart, 1, 0, build(packet(1)));
  CHECK(found(checker, "twice"));
}

TEST_CASE("the checker notices a packet at the wrong host") {
  auto checker = with_one_packet();
  checker.delivered(kStart, 2, 0, build(packet(1)));
  CHECK(found(checker, "was delivered to host 2"));
}

TEST_CASE("the checker notices a packet taken for another peer's") {
  auto checker = with_one_packet();
  checker.delivered(kStart, 1, 2, build(packet(1)));
  CHECK(found(checker, "taken for one of host 2"));
}

TEST_CASE("the checker notices a flipped bit anywhere") {
  const auto right = build(packet(1));
  for (std::size_t bit = 0; bit < right.size() * 8; ++bit) {
    CAPTURE(bit);
    auto checker = with_one_packet();
    auto wrong = right;
    wrong[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    checker.delivered(kStart, 1, 0, wrong);
    REQUIRE_FALSE(checker.violations().empty());
  }
}

TEST_CASE("the checker notices bytes behind a packet's end and missing ones") {
  auto longer = build(packet(1));
  longer.push_back(std::byte{0});
  auto checker = with_one_packet();
  checker.delivered(kStart, 1, 0, longer);
  CHECK(found(checker, "corrupted"));
  auto again = with_one_packet();
  again.delivered(kStart, 1, 0, base::ConstBytes(longer).first(longer.size() - 2));
  CHECK(found(again, "corrupted"));
}

TEST_CASE("the checker notices a forged source") {
  auto checker = with_one_packet(true);
  checker.delivered(kStart, 1, 0, build(packet(1)));
  CHECK(found(checker, "source not allowed"));
}

TEST_CASE("the checker notices a packet that nobody sent") {
  auto checker = with_one_packet();
  checker.delivered(kStart, 1, 0, build(packet(2)));
  CHECK(found(checker, "nobody sent"));
}

TEST_CASE("the checker notices a packet that does not arrive, but only while it is strict") {
  for (const bool strict : {false, true}) {
    Checker checker(false);
    checker.set_strict(kStart, strict);
    checker.sent({.packet = packet(1),
                  .from = 0,
                  .to = 1,
                  .forged = false,
                  .at = kStart,
                  .delivered_to = {}});
    checker.check_deadlines(kStart + Checker::kDeliveryDeadline);
    CHECK(checker.violations().empty());
    checker.check_deadlines(kStart + Checker::kDeliveryDeadline + 1ns);
    CHECK(found(checker, "did not arrive") == strict);
  }
}

TEST_CASE("the checker notices a session that is too old") {
  Checker checker(false);
  checker.session_used(kStart, 0, 180s, "sending");
  CHECK(checker.violations().empty());
  checker.session_used(kStart, 0, 180s + 1ns, "sending");
  CHECK(found(checker, "session"));
}

TEST_CASE("a run notices a host that misbehaves") {
  CHECK(run_with(Sabotage::none).empty());
  CHECK(run_with(Sabotage::delivers_twice).find("twice") != std::string::npos);
  CHECK(run_with(Sabotage::corrupts).find("corrupted") != std::string::npos);
  CHECK(run_with(Sabotage::misattributes).find("taken for") != std::string::npos);
  CHECK(run_with(Sabotage::accepts_forged).find("source not allowed") != std::string::npos);
  CHECK(run_with(Sabotage::spins).find("spins") != std::string::npos);
}

TEST_CASE("a run notices a network that loses packets when it should not") {
  CHECK(run_with(Sabotage::none, {.loss = 0.001}).find("did not arrive") != std::string::npos);
}

TEST_CASE("a run notices a host whose timers do not work") {
  World world(1, {});
  world.add_host();
  world.add_host();
  world.connect(0, 1);
  world.add_flow({.from = 0, .to = 1});
  world.start();
  world.host(0).sabotage(Sabotage::ignores_timers);
  world.run_for(5s);
  // The other end forgets; without a timer the silence is never noticed.
  world.host(1).start();
  world.run_for(kRecoveryBound);
  world.run_strictly_for(30s);
  REQUIRE_FALSE(world.checker().violations().empty());
  CHECK(world.checker().violations().front().find("did not arrive") != std::string::npos);
}

TEST_CASE("a tampered copy of any datagram is counted as one drop and nothing else") {
  for_seeds(20, [](World& world) {
    world.add_host();
    world.add_host();
    world.connect(0, 1);
    world.add_flows_both_ways(0, 1);
    world.start();
    world.network().conditions.tampered_copy = 1;
    world.run_for(kRecoveryBound);
    const auto drops = world.host(0).drops() + world.host(1).drops();
    world.run_strictly_for(300s);
    CHECK(world.host(0).drops() + world.host(1).drops() > drops + 500);
  });
}
