// Controlled delay, RFC 8289.
#include "../../../src/impair/codel.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <deque>

#include "run.hpp"

using namespace warren;
using namespace warren::test;
using namespace warren::impair;

namespace {

constexpr base::Duration kFrameTime = 1ms;  // 1250 bytes at 10 Mbit/s

Settings queued(Discipline discipline) {
  Settings settings;
  settings.rate_bps = 10'000'000;
  settings.queue.discipline = discipline;
  settings.queue.bytes = 1'000'000;
  return settings;
}

struct Sojourns {
  std::vector<base::Duration> passed;  ///< from arrival to the beginning of sending
  std::uint64_t dropped = 0;
  [[nodiscard]] base::Duration percentile(double share) {
    std::ranges::sort(passed);
    return passed.at(static_cast<std::size_t>(share * static_cast<double>(passed.size() - 1)));
  }
};

/// Frames that come 5% faster than the rate takes them: every second of 20 s adds 50 ms of queue.
Sojourns overload(Discipline discipline) {
  Run run(queued(discipline), {2048, 16});
  std::vector<base::Duration> sent;
  for (int i = 0; i < 21'000; ++i) {
    const base::Duration time = i * (kFrameTime * 20 / 21);
    run.advance_to(time);
    sent.push_back(time);
    run.send(plain_frame(1250));
  }
  Sojourns result;
  for (const Left& gone : run.left) {
    const base::Duration at = gone.at - kStart;
    if (at < 5s) continue;  // CoDel takes as long to find the rate at which to drop
    if (gone.verdict == Verdict::codel)
      ++result.dropped;
    else
      result.passed.push_back(at - kFrameTime - sent.at(gone.handle));
  }
  return result;
}

}  // namespace

TEST_CASE("CoDel keeps a standing queue near its target, fifo does not") {
  Sojourns codel = overload(Discipline::codel);
  Sojourns fifo = overload(Discipline::fifo);
  CHECK(fifo.percentile(0.5) > 500ms);
  CHECK(fifo.dropped == 0);
  CHECK(codel.percentile(0.5) < 10ms);
  CHECK(codel.percentile(0.99) < 15ms);
  // What it drops is what is too much, and the rate stays in use.
  const auto passed = static_cast<double>(codel.passed.size());
  CHECK(static_cast<double>(codel.dropped) / passed > 0.03);
  CHECK(static_cast<double>(codel.dropped) / passed < 0.07);
  CHECK(passed > 0.99 * 15'000);
}

TEST_CASE("CoDel leaves a burst alone that is gone within an interval") {
  Run run(queued(Discipline::codel));
  for (int round = 0; round < 20; ++round) {
    run.advance_to(round * 200ms);
    for (int i = 0; i < 80; ++i) run.send(plain_frame(1250));
  }
  run.drain();
  CHECK(std::ranges::count(run.left, Verdict::codel, &Left::verdict) == 0);
}

TEST_CASE("CoDel reports what it drops when it drops it, and keeps the order of the rest") {
  Run run(queued(Discipline::codel));
  for (int i = 0; i < 300; ++i) run.send(plain_frame(1250));
  run.drain();
  CHECK(run.left.size() == 300);
  // The sojourn is above 5 ms from the sixth frame on: the first drop comes with the frame that
  // leaves an interval later, the next at 1/sqrt(n) of the interval after the one before.
  std::vector<base::Duration> drops;
  std::vector<std::uint32_t> passed;
  for (const Left& gone : run.left) {
    if (gone.verdict == Verdict::codel)
      drops.push_back(gone.at - kStart);
    else
      passed.push_back(gone.handle);
    CHECK(gone.last);
  }
  CHECK(std::ranges::is_sorted(passed));
  // 100 ms after 5 ms; 100 / sqrt(1), / sqrt(2), / sqrt(3) ms later, each with the next frame.
  REQUIRE(drops.size() >= 3);
  CHECK(drops[0] == 105ms);
  CHECK(drops[1] == 205ms);
  CHECK(drops[2] == 276ms);
}

namespace {

/// A Codel and the queue before it, without a rate: frames of 1000 bytes by the time they came.
struct StandingQueue {
  StandingQueue() {
    codel.configure(5ms, 100ms);
    codel.saw(1000);
  }
  /// Takes one frame at that time; whether one was dropped before it.
  bool dequeue(base::Duration time) {
    bool drop = false;
    codel.dequeue(
        kStart + time,
        [&]() -> Codel::Taken {
          if (arrivals.empty()) return {};
          const base::Duration came = arrivals.front();
          arrivals.pop_front();
          return {1, time - came, arrivals.size() * 1000, false};
        },
        [&](ItemIndex) { drop = true; });
    return drop;
  }
  Codel codel;
  std::deque<base::Duration> arrivals;
};

}  // namespace

TEST_CASE("the distance between drops follows the control law") {
  StandingQueue queue;
  for (int i = 0; i < 100'000; ++i) queue.arrivals.push_back(0ms);
  std::vector<base::Duration> drops;
  for (base::Duration time = 5ms; time < 2s; time += 10us) {
    if (queue.dequeue(time)) drops.push_back(time);
  }
  REQUIRE(drops.size() > 20);
  CHECK(drops[0] == 105ms);
  base::Duration expected = drops[0];
  for (std::size_t i = 1; i < drops.size(); ++i) {
    expected +=
        base::Duration(static_cast<std::int64_t>(100e6 / std::sqrt(static_cast<double>(i))));
    CHECK(drops[i] >= expected);
    CHECK(drops[i] < expected + 10us);
  }
}

TEST_CASE("CoDel goes on where it was when the queue soon stands again") {
  StandingQueue queue;
  const auto stand_until = [&](base::Duration from, base::Duration until) {
    std::vector<base::Duration> drops;
    for (base::Duration time = from; time < until; time += 1ms) {
      while (queue.arrivals.size() < 10) queue.arrivals.push_back(time - 20ms);
      if (queue.dequeue(time)) drops.push_back(time);
    }
    queue.arrivals.assign(1, until);
    queue.dequeue(until);  // gone
    return drops;
  };
  const auto first = stand_until(1s, 2s);
  REQUIRE(first.size() > 10);
  const auto soon = stand_until(2100ms, 2500ms);
  CHECK(soon.size() > 15);
  const auto late = stand_until(10s, 10400ms);
  CHECK(late.size() == 5);  // 100, 200, 271, 328, 378 ms: as if for the first time
}

TEST_CASE("CoDel does not drop the last frame of a queue, however late it is") {
  StandingQueue queue;
  for (base::Duration time = 1s; time < 3s; time += 50ms) {
    queue.arrivals.assign(2, time - 500ms);
    CHECK_FALSE(queue.dequeue(time));
    CHECK_FALSE(queue.dequeue(time));
  }
}
