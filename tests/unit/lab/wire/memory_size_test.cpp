#include "../../../../src/lab/wire/memory_size.hpp"

#include <catch2/catch_test_macros.hpp>
#include <vector>

using namespace warren;
using namespace std::chrono_literals;

TEST_CASE("what a direction may hold grows with its rate, its delay and its queue") {
  impair::Settings settings;
  const auto plain = lab::bytes_on_the_way(settings);
  settings.rate_bps = 80'000'000;
  settings.delay = 100ms;
  // 1 MB on its way and as much in its queue, both twice.
  CHECK(lab::bytes_on_the_way(settings) == plain + 4'000'000);
  settings.queue.bytes = 5'000'000;
  CHECK(lab::bytes_on_the_way(settings) == plain + 12'000'000);
  settings.jitter = impair::Jitter{20ms, impair::Distribution::normal};
  CHECK(lab::bytes_on_the_way(settings) == plain + 14'000'000);
  settings.rate_bps = 0;
  CHECK(lab::bytes_on_the_way(settings) > 100'000'000);
}

TEST_CASE("the memory is the sum of all directions, within bounds") {
  impair::Settings settings;
  settings.rate_bps = 1'000'000'000;
  settings.delay = 100ms;
  const auto each = lab::bytes_on_the_way(settings);
  const std::vector<impair::Settings> directions(6, settings);
  constexpr std::uint64_t kMost = std::uint64_t{1} << 30;
  CHECK(lab::memory_bytes(directions, kMost) == 6 * each);
  CHECK(lab::memory_bytes({}, kMost) == lab::kLeastMemoryBytes);
  settings.delay = std::chrono::hours(1000);
  const std::vector<impair::Settings> huge(1000, settings);
  CHECK(lab::memory_bytes(huge, kMost) == kMost);
}

TEST_CASE("many pipelines may hold less each than a few") {
  CHECK(lab::pipeline_limits(2).frames > lab::pipeline_limits(200).frames);
  CHECK(lab::pipeline_limits(100'000).frames >= 10'000);
}
