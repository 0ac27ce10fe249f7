// Jitter and the order of frames.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "run.hpp"
#include "statistics.hpp"

using namespace warren;
using namespace warren::test;
using namespace warren::impair;

namespace {

/// What was added to the delay of so many frames, in units of the jitter, each sent alone.
std::vector<double> samples(const Settings& settings, std::size_t count) {
  Run run(settings);
  std::vector<double> result;
  Frame frame = plain_frame();
  for (std::size_t i = 0; i < count; ++i) {
    const base::Instant sent = run.now;
    run.send_in_place(frame);
    run.drain();
    const base::Duration extra = run.left.back().at - sent - settings.delay;
    result.push_back(static_cast<double>(extra.count()) /
                     static_cast<double>(settings.jitter->amount.count()));
    run.left.clear();
  }
  return result;
}
Settings jittery(base::Duration delay, base::Duration amount, Distribution distribution) {
  Settings settings;
  settings.delay = delay;
  settings.jitter = {amount, distribution};
  return settings;
}

}  // namespace

TEST_CASE("uniform jitter fills its width around the delay") {
  const auto values = samples(jittery(10ms, 4ms, Distribution::uniform), 50'000);
  CHECK(kolmogorov_distance(values, [](double x) { return std::clamp((x + 1) / 2, 0.0, 1.0); }) <
        kKolmogorov999);
}

TEST_CASE("normal jitter has the amount as its standard deviation") {
  const auto values = samples(jittery(100ms, 4ms, Distribution::normal), 50'000);
  CHECK(kolmogorov_distance(values, normal_cdf) < kKolmogorov999);
}

TEST_CASE("pareto jitter has a heavy tail to one side and its mean at the delay") {
  auto values = samples(jittery(10ms, 4ms, Distribution::pareto), 50'000);
  const auto [least, most] = std::ranges::minmax(values);
  CHECK(least >= -2.0 / 3 - 1e-6);
  CHECK(most < 4);
  // 4/3 (X - 3/2) where X is Pareto with shape 3 and minimum 1. The largest share of 1.1% is cut
  // off, where the table ends.
  const double beyond = std::pow(0.75 * most + 1.5, -3);
  std::erase(values, most);
  CHECK(inside_999_binomial(50'000 - values.size(), 50'000, beyond));
  CHECK(kolmogorov_distance(values, [&](double x) {
          return (1 - std::pow(0.75 * x + 1.5, -3)) / (1 - beyond);
        }) < kKolmogorov999);
}

TEST_CASE("jitter never makes the delay negative") {
  const auto values = samples(jittery(1ms, 4ms, Distribution::normal), 10'000);
  CHECK(std::ranges::min(values) == -0.25);  // at once
  const auto at_once = std::ranges::count(values, -0.25);
  CHECK(inside_999_binomial(static_cast<std::uint64_t>(at_once), 10'000, normal_cdf(-0.25)));
}

TEST_CASE("jitter keeps the order of frames") {
  Run run(jittery(10ms, 8ms, Distribution::normal));
  std::vector<base::Duration> alone;
  for (int i = 0; i < 500; ++i) {
    run.advance_to(i * 100us);
    const auto fate = run.send(plain_frame());
    alone.push_back(i * 100us + std::max(10ms + fate.jitter, base::Duration::zero()));
  }
  run.drain();
  REQUIRE(run.left.size() == 500);
  CHECK(std::ranges::is_sorted(run.handles()));
  // One that would have overtaken leaves with the one it waits for.
  for (std::size_t i = 1; i < alone.size(); ++i) alone[i] = std::max(alone[i], alone[i - 1]);
  CHECK(run.times() == alone);
}

TEST_CASE("a frame that is let out of the order arrives by its own time") {
  Settings settings = jittery(10ms, 8ms, Distribution::normal);
  settings.reorder = Reordering{.p = 1, .ahead = 0ms};
  Run run(settings);
  std::vector<base::Duration> alone;
  for (int i = 0; i < 500; ++i) {
    run.advance_to(i * 100us);
    const auto fate = run.send(plain_frame());
    CHECK(fate.reordered);
    alone.push_back(i * 100us + std::max(10ms + fate.jitter, base::Duration::zero()));
  }
  run.drain();
  CHECK_FALSE(std::ranges::is_sorted(run.handles()));
  std::ranges::sort(alone);
  CHECK(run.times() == alone);
}

TEST_CASE("a reordered frame overtakes by the time it is ahead") {
  Settings settings;
  settings.delay = 10ms;
  settings.reorder = Reordering{.p = 0.1, .ahead = {}};
  const bool whole = GENERATE(true, false);
  if (!whole) settings.reorder->ahead = 3ms;
  Run run(settings);
  std::vector<base::Duration> expected;
  std::uint64_t reordered = 0;
  for (int i = 0; i < 2000; ++i) {
    run.advance_to(i * 1ms);
    const auto fate = run.send(plain_frame());
    if (fate.reordered) ++reordered;
    const base::Duration way = fate.reordered ? (whole ? 0ms : 7ms) : 10ms;
    expected.push_back(i * 1ms + way);
  }
  run.drain();
  std::vector<base::Duration> arrivals(expected.size());
  for (const Left& gone : run.left) arrivals.at(gone.handle) = gone.at - kStart;
  CHECK(arrivals == expected);
  CHECK(inside_999_binomial(reordered, 2000, 0.1));
}

TEST_CASE("new settings change nothing for frames that already overtake") {
  Settings settings;
  settings.delay = 10ms;
  settings.reorder = Reordering{.p = 1, .ahead = 4ms};
  Run run(settings);
  run.send(plain_frame());
  run.advance_to(1ms);
  settings.reorder.reset();
  run.pipeline.change(settings, run.now);
  run.send(plain_frame());
  run.drain();
  CHECK(run.times() == std::vector<base::Duration>{6ms, 11ms});
}
