// Duplication and corruption.
#include <catch2/catch_test_macros.hpp>

#include "run.hpp"
#include "statistics.hpp"

using namespace warren;
using namespace warren::test;
using namespace warren::impair;

TEST_CASE("a duplicated frame comes out twice, the second time as the last") {
  Settings settings;
  settings.delay = 10ms;
  settings.duplicate = 1;
  Run run(settings);
  CHECK(run.send(plain_frame()).duplicated);
  CHECK(run.pipeline.held() == 1);
  run.drain();
  REQUIRE(run.left.size() == 2);
  CHECK(run.handles() == std::vector<std::uint32_t>{0, 0});
  CHECK_FALSE(run.left[0].last);
  CHECK(run.left[1].last);
}

TEST_CASE("the share of duplicated frames is as configured") {
  Settings settings;
  settings.duplicate = 0.03;
  Run run(settings);
  Frame frame = plain_frame();
  std::uint64_t duplicated = 0;
  for (int i = 0; i < 100'000; ++i) {
    if (run.send_in_place(frame).duplicated) ++duplicated;
    run.drain();
  }
  CHECK(inside_999_binomial(duplicated, 100'000, 0.03));
  CHECK(run.left.size() == 100'000 + duplicated);
}

TEST_CASE("each copy has a jitter of its own") {
  Settings settings;
  settings.delay = 10ms;
  settings.jitter = {2ms, Distribution::uniform};
  settings.duplicate = 1;
  Run run(settings);
  const auto fate = run.send(plain_frame());
  CHECK(fate.jitter != fate.copy_jitter);
  run.drain();
  // They keep their order.
  CHECK(run.times() == std::vector<base::Duration>{10ms + fate.jitter,
                                                   10ms + std::max(fate.jitter, fate.copy_jitter)});
}

TEST_CASE("copies that overtake each other still end with the last one") {
  Settings settings;
  settings.delay = 10ms;
  settings.jitter = {5ms, Distribution::uniform};
  settings.duplicate = 1;
  settings.reorder = Reordering{.p = 1, .ahead = 0ms};
  Run run(settings);
  for (int i = 0; i < 200; ++i) run.send(plain_frame());
  run.drain();
  REQUIRE(run.left.size() == 400);
  std::vector<int> copies(200), lasts(200);
  for (const Left& gone : run.left) {
    CHECK(lasts.at(gone.handle) == 0);
    ++copies.at(gone.handle);
    if (gone.last) ++lasts.at(gone.handle);
  }
  CHECK(std::ranges::count(copies, 2) == 200);
  CHECK(std::ranges::count(lasts, 1) == 200);
}

TEST_CASE("a copy takes the rate's time and room as well") {
  Settings settings;
  settings.rate_bps = 1'000'000;
  settings.queue.bytes = 1500;
  settings.duplicate = 1;
  Run run(settings);
  CHECK(run.send(plain_frame(1000)).duplicated);       // sent, and 1000 bytes wait
  CHECK_FALSE(run.send(plain_frame(500)).duplicated);  // no room for another
  run.drain();
  CHECK(run.handles() == std::vector<std::uint32_t>{0, 0, 1});
  CHECK(run.times() == std::vector<base::Duration>{8ms, 16ms, 20ms});
}

TEST_CASE("corruption flips one bit behind the Ethernet header, anywhere alike") {
  Settings settings;
  settings.corrupt = 0.5;
  Run run(settings);
  const Frame original = tagged(plain_frame(14 + 64), 5);
  constexpr std::size_t kHeaderBits = 18 * 8;
  constexpr std::uint64_t kFrames = 100'000;
  std::vector<double> places(64 * 8);
  std::uint64_t corrupted = 0;
  for (std::uint64_t i = 0; i < kFrames; ++i) {
    Frame frame = original;
    const auto fate = run.send_in_place(frame);
    run.drain();
    std::vector<std::size_t> flipped;
    for (std::size_t bit = 0; bit < frame.size() * 8; ++bit) {
      const auto mask = std::byte{0x80} >> (bit % 8);
      if (((frame[bit / 8] ^ original[bit / 8]) & mask) != std::byte{0}) flipped.push_back(bit);
    }
    REQUIRE(flipped.size() == (fate.corrupted ? 1 : 0));
    if (!fate.corrupted) continue;
    ++corrupted;
    REQUIRE(flipped[0] == fate.corrupted_bit);
    REQUIRE(flipped[0] >= kHeaderBits);
    ++places[flipped[0] - kHeaderBits];
  }
  CHECK(inside_999_binomial(corrupted, kFrames, 0.5));
  const std::vector<double> expected(
      places.size(), static_cast<double>(corrupted) / static_cast<double>(places.size()));
  CHECK(chi_square(places, expected) < chi_square_999(places.size() - 1));
}

TEST_CASE("a frame that does not pass is not changed") {
  Settings settings;
  settings.corrupt = 1;
  settings.loss = BernoulliLoss{1};
  Run run(settings);
  Frame frame = plain_frame();
  CHECK_FALSE(run.send_in_place(frame).corrupted);
  CHECK(frame == plain_frame());
}

TEST_CASE("a frame that finds no room is as it was, and its fate says no more than that") {
  Settings settings;
  settings.corrupt = 1;
  settings.duplicate = 1;
  settings.jitter = {1ms, Distribution::uniform};
  settings.reorder = Reordering{.p = 1, .ahead = {}};
  settings.rate_bps = 1000;
  settings.queue.bytes = 0;
  Run run(settings);
  CHECK(run.send(plain_frame()).verdict == Verdict::passed);
  Frame frame = plain_frame();
  const auto fate = run.send_in_place(frame);
  CHECK(fate.verdict == Verdict::queue_full);
  CHECK(fate.number == 2);
  CHECK_FALSE((fate.corrupted || fate.duplicated || fate.reordered));
  CHECK(fate.jitter == 0ms);
  CHECK(frame == plain_frame());
}

TEST_CASE("a frame without payload has nothing to corrupt") {
  Settings settings;
  settings.corrupt = 1;
  Run run(settings);
  Frame frame(14);
  CHECK_FALSE(run.send_in_place(frame).corrupted);
  CHECK(frame == Frame(14));
}
