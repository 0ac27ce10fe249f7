#include "../../../../src/lab/scenario/statistics.hpp"

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <vector>

using namespace warren;
using namespace std::chrono_literals;
using Catch::Approx;

namespace {

std::vector<base::Duration> numbers(int count) {
  std::vector<base::Duration> all;
  for (int i = 1; i <= count; ++i) all.push_back(std::chrono::milliseconds(i));
  return all;
}

}  // namespace

TEST_CASE("a percentile is the least sample that so many do not exceed") {
  const auto all = numbers(10);
  CHECK(lab::percentile(all, 0.5) == 5ms);
  CHECK(lab::percentile(all, 0.51) == 6ms);
  CHECK(lab::percentile(all, 0.9) == 9ms);
  CHECK(lab::percentile(all, 0.99) == 10ms);
  CHECK(lab::percentile(all, 0) == 1ms);
  CHECK(lab::percentile(numbers(1), 0.5) == 1ms);
}

TEST_CASE("a summary does not depend on the order of the samples") {
  const auto summary = lab::summarise({30ms, 10ms, 50ms, 20ms, 40ms});
  CHECK(summary.min == 10ms);
  CHECK(summary.p50 == 30ms);
  CHECK(summary.max == 50ms);
  CHECK(summary.mean == 30ms);
}

TEST_CASE("the first quarter of a transfer does not count for its rate") {
  // Nothing in the first half second, then a kilobyte each 10 ms.
  std::vector<lab::ArrivalSample> samples{{}};
  for (int i = 1; i <= 150; ++i) {
    samples.push_back({500ms + i * 10ms, static_cast<std::uint64_t>(i) * 1000});
  }
  CHECK(lab::steady_rate_bps(samples, 2s) == Approx(800'000));
}

TEST_CASE("what waited behind a lost segment does not count for the rate") {
  // 1000 bytes each 10 ms; from 0.1 s on half of it waits, and comes at 1 s.
  std::vector<lab::ArrivalSample> samples{{}};
  for (int i = 1; i <= 300; ++i) {
    const int there = i <= 10 || i >= 100 ? i : 10 + (i - 10) / 2;
    samples.push_back({i * 10ms, static_cast<std::uint64_t>(there) * 1000});
  }
  CHECK(lab::steady_rate_bps(samples, 3s) == Approx(800'000));
}

TEST_CASE("a transfer that stalls has a lower rate than one that is over") {
  const std::vector<lab::ArrivalSample> samples{{}, {500ms, 1000}, {1s, 2000}};
  CHECK(lab::steady_rate_bps(samples, 1s) == Approx(16'000));
  CHECK(lab::steady_rate_bps(samples, 2500ms) == Approx(0).margin(6'000));
  CHECK(lab::steady_rate_bps(samples, 2s) < 8'000);
}

TEST_CASE("a transfer too short to have a steady part counts as a whole") {
  const std::vector<lab::ArrivalSample> at_once{{}, {1ms, 1000}};
  CHECK(lab::steady_rate_bps(at_once, 1ms) == Approx(8'000'000));
  // The only sample within is from the first quarter.
  const std::vector<lab::ArrivalSample> early{{}, {1ms, 500}, {10ms, 1000}};
  CHECK(lab::steady_rate_bps(early, 10ms) == Approx(800'000));
  const std::vector<lab::ArrivalSample> no_time{{}, {0ms, 1000}};
  CHECK(lab::steady_rate_bps(no_time, 0ms) == 0);
}

TEST_CASE("a transfer that stalls in its first quarter has no rate") {
  const std::vector<lab::ArrivalSample> stalled{{}, {50ms, 500}, {100ms, 1000}};
  CHECK(lab::steady_rate_bps(stalled, 1s) == 0);
}

TEST_CASE("a transfer in which nothing arrived has no rate") {
  CHECK(lab::steady_rate_bps({}, 1s) == 0);
  const std::vector<lab::ArrivalSample> one{{}};
  CHECK(lab::steady_rate_bps(one, 1s) == 0);
}

TEST_CASE("datagrams that are lost at the end lower the rate") {
  // 1000 bytes each millisecond for a second; then only the first 100 of them arrive.
  CHECK(lab::delivered_rate_bps(1001, 1000, 1s, 1s) == Approx(8e6));
  CHECK(lab::delivered_rate_bps(101, 1000, 100ms, 1s) == Approx(8e5));
}

TEST_CASE("datagrams that come slower than they were sent have the rate of their arrival") {
  CHECK(lab::delivered_rate_bps(1001, 1000, 2s, 1s) == Approx(4e6));
  CHECK(lab::delivered_rate_bps(1001, 1000, 2s, 0s) == Approx(4e6));
}

TEST_CASE("a single datagram has no rate") {
  CHECK(lab::delivered_rate_bps(0, 1000, 0s, 1s) == 0);
  CHECK(lab::delivered_rate_bps(1, 1000, 0s, 1s) == 0);
  CHECK(lab::delivered_rate_bps(2, 1000, 0s, 0s) == 0);
}

TEST_CASE("a packet is reordered when a higher number came first") {
  lab::SequenceTracker tracker(6);
  for (const std::uint64_t number : {0ULL, 2ULL, 1ULL, 3ULL, 5ULL, 4ULL})
    CHECK(tracker.record(number));
  CHECK(tracker.received() == 6);
  CHECK(tracker.reordered() == 2);
  CHECK(tracker.duplicated() == 0);
}

TEST_CASE("a second copy is a duplicate and neither received nor reordered") {
  lab::SequenceTracker tracker(3);
  for (const std::uint64_t number : {0ULL, 1ULL, 0ULL, 0ULL, 2ULL}) tracker.record(number);
  CHECK(tracker.received() == 3);
  CHECK(tracker.duplicated() == 2);
  CHECK(tracker.reordered() == 0);
}

TEST_CASE("a number that was never sent is refused") {
  lab::SequenceTracker tracker(2);
  CHECK_FALSE(tracker.record(2));
  CHECK(tracker.received() == 0);
}

TEST_CASE("figures are printed with three or four digits and their unit") {
  CHECK(lab::format_rate(12'430'000) == "12.4 Mbit/s");
  CHECK(lab::format_rate(999) == "999 bit/s");
  CHECK(lab::format_rate(2.5e9) == "2.5 Gbit/s");
  CHECK(lab::format_share(0.0153) == "1.53%");
  CHECK(lab::format_time(82'100us) == "82.1 ms");
  CHECK(lab::format_time(1500ms) == "1.5 s");
  CHECK(lab::format_time(420us) == "420.0 µs");
}
