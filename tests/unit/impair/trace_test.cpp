// Traces of mahimahi.
#include <catch2/catch_test_macros.hpp>

#include <warren/impair/trace.hpp>

#include "run.hpp"

using namespace warren;
using namespace warren::test;
using namespace warren::impair;

namespace {

std::shared_ptr<const Trace> trace(std::string_view text) {
  return std::make_shared<const Trace>(Trace::parse(text).value());
}
Settings by(std::string_view text) {
  Settings settings;
  settings.trace = trace(text);
  return settings;
}
/// An opportunity's worth: 1500 bytes of IP packet and 4 of mahimahi's accounting.
Frame full_frame() {
  return plain_frame(1514);
}

}  // namespace

TEST_CASE("a trace is a list of milliseconds") {
  const auto parsed = Trace::parse("0\n5\n5\n12\r\n20");
  REQUIRE(parsed.has_value());
  CHECK(parsed->size() == 5);
  CHECK(parsed->period() == 20ms);
  const std::vector<base::Duration> times{0ms, 5ms, 5ms, 12ms, 20ms, 20ms, 25ms, 25ms, 32ms, 40ms};
  for (std::size_t i = 0; i < times.size(); ++i) CHECK(parsed->time_of(i) == times[i]);
  CHECK(parsed->mean_rate_bps() == 5 * 1504 * 8 / 0.020);
}

TEST_CASE("the next opportunity is the first one later") {
  const auto parsed = Trace::parse("0\n5\n5\n12\n20\n").value();
  for (base::Duration at{}; at < 100ms; at += 250us) {
    const std::uint64_t next = parsed.first_after(at);
    CHECK(parsed.time_of(next) > at);
    if (next > 0) CHECK(parsed.time_of(next - 1) <= at);
  }
}

TEST_CASE("what is no trace is refused with its line") {
  struct Case {
    std::string_view text;
    std::size_t line;
    std::string_view part;
  };
  const std::vector<Case> cases{
      {"", 1, "no time"},
      {"0\n", 1, "lasts no time"},
      {"0\n0\n", 2, "lasts no time"},
      {"1\n\n2\n", 2, "not a number"},
      {"1\n2x\n", 2, "\"2x\" is not a number"},
      {"1\n-2\n", 2, "not a number"},
      {" 1\n", 1, "not a number"},
      {"1\n5\n4\n", 3, "4 comes after 5"},
      {"1\n4294967296\n", 2, "not a number"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.text);
    const auto parsed = Trace::parse(one.text);
    REQUIRE_FALSE(parsed.has_value());
    CHECK(parsed.error().line == one.line);
    CHECK(parsed.error().message.find(one.part) != std::string::npos);
  }
}

TEST_CASE("full packets leave exactly at the opportunities, again and again") {
  const std::vector<int> lines{3, 3, 4, 10, 11, 17};
  Run run(by("3\n3\n4\n10\n11\n17\n"));
  for (int i = 0; i < 40; ++i) run.send(full_frame());
  run.drain();
  std::vector<base::Duration> expected;
  for (std::size_t i = 0; i < 40; ++i) {
    expected.push_back(std::chrono::milliseconds(lines[i % 6] + 17 * static_cast<int>(i / 6)));
  }
  CHECK(run.times() == expected);
}

TEST_CASE("small packets share an opportunity, large ones take several") {
  SECTION("four fit exactly") {
    Run run(by("10\n"));
    for (int i = 0; i < 5; ++i) run.send(plain_frame(14 + 372));  // 376 of 1504
    run.drain();
    CHECK(run.times() == std::vector<base::Duration>{10ms, 10ms, 10ms, 10ms, 20ms});
  }
  SECTION("one byte too much begins the next") {
    Run run(by("10\n"));
    for (int i = 0; i < 5; ++i) run.send(plain_frame(14 + 373));
    run.drain();
    CHECK(run.times() == std::vector<base::Duration>{10ms, 10ms, 10ms, 20ms, 20ms});
  }
  SECTION("two for one that is larger") {
    Run run(by("10\n"));
    run.send(plain_frame(1515));
    run.send(full_frame());
    run.send(full_frame());
    run.drain();
    CHECK(run.times() == std::vector<base::Duration>{20ms, 30ms, 40ms});
  }
}

TEST_CASE("an opportunity that nobody waits for is lost") {
  Run run(by("10\n20\n30\n"));
  run.advance_to(15ms);
  run.send(full_frame());
  run.advance_to(62ms);
  run.send(full_frame());
  run.drain();
  CHECK(run.times() == std::vector<base::Duration>{20ms, 70ms});
  // So is what the last frame leaves of one.
  run.send(plain_frame(100));
  run.advance_to(80ms);
  run.send(full_frame());
  run.drain();
  CHECK(run.times() == std::vector<base::Duration>{20ms, 70ms, 80ms, 90ms});
}

TEST_CASE("the delay begins when the packet's last byte left") {
  Settings settings = by("10\n");
  settings.delay = 7ms;
  Run run(settings);
  run.send(plain_frame(2000));
  CHECK(run.pipeline.next_due() == kStart + 27ms);
  run.drain();
  CHECK(run.times() == std::vector<base::Duration>{27ms});
}

TEST_CASE("a trace's queue is as long as its mean rate and the delay ask for") {
  Settings settings = by("1\n");  // 1504 bytes a millisecond
  settings.delay = 100ms;
  Run run(settings);
  std::uint64_t bytes = 0;
  while (run.send(plain_frame(1000)).verdict == Verdict::passed) bytes += 1000;
  CHECK(bytes == 150'000);
}

TEST_CASE("between a rate and a trace what is being sent keeps what it has done") {
  Settings rate;
  rate.rate_bps = 1'000'000;
  Run run(rate);
  run.send(plain_frame(2000));  // 16 ms
  run.send(full_frame());
  run.advance_to(8ms);                      // half of it
  run.pipeline.change(by("5\n"), run.now);  // 1000 bytes left: the first opportunity has room
  run.advance_to(14ms);
  // The second has 504 bytes from the first: 1000 are left, or 8 ms.
  run.pipeline.change(rate, run.now);
  run.drain();
  CHECK(run.times() == std::vector<base::Duration>{13ms, 22ms});
}

TEST_CASE("a trace goes on when something else changes") {
  Settings settings = by("10\n");
  Run run(settings);
  run.send(full_frame());
  run.advance_to(4ms);
  settings.delay = 1ms;
  run.pipeline.change(settings, run.now);
  run.send(full_frame());
  run.drain();
  CHECK(run.times() == std::vector<base::Duration>{10ms, 21ms});
}
