// Recorded verdicts on a wire between real stacks.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <warren/impair/recording.hpp>
#include <warren/lab/capture.hpp>

#include "support/wire_pair.hpp"

using namespace warren;
using namespace warren::test;
using impair::Fate;
using impair::Recording;
using impair::Verdict;

namespace {

constexpr std::size_t kPayload = 333;
constexpr std::uint32_t kFrame = 14 + 20 + 8 + kPayload;

std::shared_ptr<const Recording> recording(std::string_view text) {
  return std::make_shared<const Recording>(Recording::parse(text).value());
}

struct Outcome {
  std::vector<Fate> fates;
  std::size_t arrived = 0;
  [[nodiscard]] std::vector<Verdict> verdicts() const {
    std::vector<Verdict> all;
    all.reserve(fates.size());
    for (const Fate& fate : fates) all.push_back(fate.verdict);
    return all;
  }
  /// As the evidence of a failed test has it.
  [[nodiscard]] std::string lines(std::string_view link, std::uint8_t direction) const {
    std::string text;
    for (const Fate& fate : fates) text += Recording::line(link, direction, fate);
    return text;
  }
};

std::size_t count_passed(const std::vector<Verdict>& verdicts) {
  return static_cast<std::size_t>(std::ranges::count(verdicts, Verdict::passed));
}

/// One flow of so many datagrams over a link that loses half of them, from left to right.
Outcome run_flow(std::uint64_t seed, int datagrams,
                 std::shared_ptr<const Recording> replay = nullptr) {
  lab::CaptureRing ring(1 << 20, 64);
  WirePair pair(
      {.wire = {.seed = seed, .capture = &ring, .replay = std::move(replay)}, .ipv6 = false});
  // The addresses are known before anything can be lost.
  REQUIRE(datagram_passes(pair.left(), pair.right()));
  impair::Settings lossy;
  lossy.loss = impair::BernoulliLoss{0.5};
  pair.wire().change(lab::LinkId{0}, 0, lossy);
  pair.wire().capture(true);
  const auto sender = bound_socket(pair.left(), SOCK_DGRAM, "10.7.0.1:7002");
  const auto receiver = bound_socket(pair.right(), SOCK_DGRAM, "10.7.0.2:7003");
  for (int i = 0; i < datagrams; ++i) send_to(sender, "10.7.0.2:7003", pattern(kPayload, 1));
  Outcome outcome;
  REQUIRE(eventually([&] {
    while (const auto record = ring.pop()) {
      if (record->point != lab::CaptureRecord::Point::sent || record->frame_bytes != kFrame) {
        continue;
      }
      outcome.fates.push_back(record->fate);
    }
    return outcome.fates.size() == static_cast<std::size_t>(datagrams);
  }));
  while (receive(receiver, 100ms)) ++outcome.arrived;
  return outcome;
}

}  // namespace

TEST_CASE("recorded verdicts are applied, and frames beyond them meet the dice") {
  requires_root();
  const auto first = run_flow(1, 100);
  const auto other = run_flow(2, 150);
  const auto recorded = first.verdicts();
  const auto dice = other.verdicts();
  CHECK(first.arrived == count_passed(recorded));
  REQUIRE(count_passed(recorded) > 20);
  REQUIRE(count_passed(recorded) < 80);
  REQUIRE_FALSE(std::equal(recorded.begin(), recorded.end(), dice.begin()));

  const auto again = run_flow(2, 150, recording(first.lines("link0", 0)));
  auto expected = dice;
  std::ranges::copy(recorded, expected.begin());
  CHECK(again.verdicts() == expected);
  CHECK(again.arrived == count_passed(expected));
}

TEST_CASE("verdicts recorded for another link, direction or flow are not applied") {
  requires_root();
  const auto first = run_flow(1, 50);
  const auto dice = run_flow(2, 50).verdicts();
  REQUIRE(first.verdicts() != dice);
  CHECK(run_flow(2, 50, recording(first.lines("link1", 0))).verdicts() == dice);
  CHECK(run_flow(2, 50, recording(first.lines("link0", 1))).verdicts() == dice);
  auto foreign = first;
  for (Fate& fate : foreign.fates) ++fate.flow;
  CHECK(run_flow(2, 50, recording(foreign.lines("link0", 0))).verdicts() == dice);
}

TEST_CASE("a recording of some frames leaves the others as the dice had them") {
  requires_root();
  auto dice = run_flow(3, 60);
  std::string text;
  for (std::size_t i = 10; i < 20; ++i) {
    dice.fates[i].verdict =
        dice.fates[i].verdict == Verdict::passed ? Verdict::lost : Verdict::passed;
    text += Recording::line("link0", 0, dice.fates[i]);
  }
  const auto again = run_flow(3, 60, recording(text));
  CHECK(again.verdicts() == dice.verdicts());
  CHECK(again.arrived == count_passed(dice.verdicts()));
}
