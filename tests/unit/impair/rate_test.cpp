// The rate and its queue.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "run.hpp"

using namespace warren;
using namespace warren::test;
using impair::Settings;
using impair::Verdict;

namespace {

Settings limited(std::uint64_t rate_bps) {
  Settings settings;
  settings.rate_bps = rate_bps;
  return settings;
}

}  // namespace

TEST_CASE("a frame takes its bits divided by the rate, then the delay") {
  Settings settings = limited(1'000'000);
  settings.delay = 5ms;
  Run run(settings);
  run.send(plain_frame(1000));  // 8 ms
  run.send(plain_frame(500));   // 4 ms
  CHECK(run.pipeline.queued_bytes() == 500);
  run.drain();
  CHECK(run.times() == std::vector<base::Duration>{13ms, 17ms});
}

TEST_CASE("a rate is exact over ten seconds") {
  const std::uint64_t rate = GENERATE(1'000'000U, 20'000'000U, 100'000'000U, 1'000'000'000U);
  Settings settings = limited(rate);
  settings.queue.bytes = 100'000;
  Run run(settings);
  const Frame frame = plain_frame(1033);  // no whole number of nanoseconds at any of these
  Frame scratch = frame;
  std::uint64_t bits = 0;
  base::Instant last = kStart;
  const auto count = [&] {
    for (const Left& gone : run.left) last = gone.at;
    bits += run.left.size() * frame.size() * 8;
    run.left.clear();
  };
  // The queue never runs empty.
  for (base::Duration time{}; time < 10s;
       time += base::Duration(40'000'000'000'000 / static_cast<std::int64_t>(rate))) {
    run.advance_to(time);
    count();
    while (run.send_in_place(scratch).verdict == Verdict::passed) {
    }
  }
  run.advance_to(10s);
  count();
  // Of `bits` the last left at exactly bits / rate: whole nanoseconds, the rest cut off.
  const auto exact = static_cast<std::int64_t>(bits * 1'000'000'000 / rate);
  CHECK(last - kStart == base::Duration(exact));
  CHECK(bits <= rate * 10);
  CHECK(bits + frame.size() * 8 > rate * 10);
}

TEST_CASE("an idle rate does not save up") {
  Run run(limited(1'000'000));
  run.send(plain_frame(1000));
  run.advance_to(1s);
  run.send(plain_frame(1000));
  run.drain();
  CHECK(run.times() == std::vector<base::Duration>{8ms, 1008ms});
}

TEST_CASE("a full queue takes no more") {
  Settings settings = limited(1'000'000);
  settings.queue.bytes = 2500;
  Run run(settings);
  CHECK(run.send(plain_frame(1000)).verdict == Verdict::passed);  // is being sent, waits no more
  CHECK(run.send(plain_frame(1000)).verdict == Verdict::passed);
  CHECK(run.send(plain_frame(1000)).verdict == Verdict::passed);
  CHECK(run.send(plain_frame(1000)).verdict == Verdict::queue_full);
  CHECK(run.send(plain_frame(500)).verdict == Verdict::passed);
  CHECK(run.pipeline.queued_bytes() == 2500);
  run.advance_to(8ms);
  CHECK(run.send(plain_frame(1000)).verdict == Verdict::passed);
}

TEST_CASE("a queue without a size holds what is on the way, at least 64 KiB") {
  Settings settings = limited(100'000'000);
  const auto [delay, capacity] = GENERATE(table<base::Duration, std::uint64_t>(
      {{0ms, 65'536}, {5ms, 65'536}, {20ms, 250'000}, {40ms, 500'000}}));
  settings.delay = delay;
  Run run(settings);
  std::uint64_t bytes = 0;
  while (run.send(plain_frame(500)).verdict == Verdict::passed) bytes += 500;
  CHECK(bytes - 500 <= capacity);
  CHECK(bytes > capacity);
}

TEST_CASE("what waits leaves at the new rate, the rest of what is being sent too") {
  Run run(limited(1'000'000));
  run.send(plain_frame(1000));
  run.send(plain_frame(1000));
  run.advance_to(2ms);  // a quarter of the first is gone
  run.pipeline.change(limited(2'000'000), run.now);
  run.drain();
  CHECK(run.times() == std::vector<base::Duration>{5ms, 9ms});
}

TEST_CASE("without a rate what waited leaves at once") {
  Run run(limited(1'000'000));
  run.send(plain_frame(1000));
  run.send(plain_frame(1000));
  run.advance_to(2ms);
  run.pipeline.change(Settings{}, run.now);
  CHECK(run.pipeline.queued_bytes() == 0);
  run.drain();
  CHECK(run.times() == std::vector<base::Duration>{2ms, 2ms});
}
