// Settings for people, and settings from `lab set`.
#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "support.hpp"

using namespace warren;
using namespace warren::lab;
using namespace warren::lab::test;
using namespace std::chrono_literals;

namespace {

impair::Settings set(const std::vector<std::string>& assignments,
                     const impair::Settings& base = {}) {
  return change_settings(base, assignments, ".");
}

config::ConfigError set_error(const std::vector<std::string>& assignments,
                              const impair::Settings& base = {}) {
  try {
    change_settings(base, assignments, ".");
  } catch (const config::ConfigError& error) {
    return error;
  }
  FAIL("no ConfigError was thrown");
  return config::ConfigError({}, {});
}

}  // namespace

TEST_CASE("settings are described in a line") {
  CHECK(describe(impair::Settings{}).empty());
  CHECK(describe(
            set({"delay=35ms", "jitter.amount=8ms", "jitter.distribution=normal",
                 "loss.model=gilbert", "loss.p=1%", "loss.r=30%", "rate=20Mbit", "queue=codel"})) ==
        "35 ms ± 8 ms normal, gilbert loss 1%/30%, 20 Mbit/s codel");
  CHECK(describe(set({"up=false", "loss=0.5%", "duplicate=1%", "delay=150us", "reorder=5%",
                      "corrupt=0.01%", "drop=udp#3,tcp.syn#1", "mtu=1400"})) ==
        "down, 150 µs, loss 0.5%, duplicate 1%, reorder 5%, corrupt 0.01%, "
        "drop udp#3 tcp.syn#1, mtu 1400");
  CHECK(describe(set({"rate=1.5Gbit", "queue.bytes=1MiB"})) == "1.5 Gbit/s queue 1 MiB");
}

TEST_CASE("named keys are replaced, and the others stay") {
  impair::Settings base = set({"delay=35ms", "loss=1%", "rate=20Mbit", "queue=codel"});
  const impair::Settings changed = set({"delay=20ms", "up=false"}, base);
  CHECK(changed.delay == 20ms);
  CHECK_FALSE(changed.up);
  CHECK(changed.rate_bps == 20'000'000);
  CHECK(std::get<impair::BernoulliLoss>(changed.loss).p == 0.01);
  CHECK(set({"rate=none"}, base).rate_bps == 0);
  CHECK(set({"loss=0%"}, base).loss.index() == 0);
}

TEST_CASE("reset passes everything, and what follows it counts") {
  const impair::Settings base = set({"delay=35ms", "loss=1%"});
  CHECK(set({"reset"}, base).passes_all());
  CHECK(set({"loss=2%", "reset", "delay=1ms"}, base).delay == 1ms);
  CHECK(set({"loss=2%", "reset", "delay=1ms"}, base).loss.index() == 0);
}

TEST_CASE("an assignment that makes no sense is shown with its place") {
  struct Case {
    std::vector<std::string> assignments;
    std::string_view begins, says, hints;
  };
  const Case cases[] = {
      {{"delay=20ms", "loss=1"}, "settings:1:17: ", "`loss`: \"1\" has no unit", "\"1%\""},
      {{"dely=20ms"}, "settings:1:1: ", "unknown key `dely`", "did you mean `delay`?"},
      {{"delay"}, "settings:1:1: ", "is no KEY=VALUE", "delay=20ms"},
      {{"=1"}, "settings:1:1: ", "is no KEY=VALUE", ""},
      {{""}, "settings:1:1: ", "is no KEY=VALUE", ""},
      {{"up=maybe"}, "settings:1:4: ", "`up` is true or false, not a string", "up = false"},
      {{"mtu=20"}, "settings:1:5: ", "20 is not from 68", ""},
      {{"mtu=big"}, "settings:1:5: ", "`mtu` is a number, not a string", ""},
      {{"jitter=3ms"}, "settings:1:8: ", "there is no delay that it could vary", "add delay"},
      {{"queue.disc=codel"}, "settings:1:1: ", "unknown key `disc`", "discipline"},
      {{"queue.discipline=codle"},
       "settings:1:18: ",
       "cannot be \"codle\"",
       "did you mean \"codel\"?"},
      {{"rate=1Mbit", "trace=x"}, "settings:1:12: ", "not both", "leave one of them out"},
      {{"drop=upd#1"}, "settings:1:6: ", "is no kind of packet", "\"udp\""},
  };
  for (const Case& each : cases) {
    CAPTURE(each.says);
    const config::ConfigError error = set_error(each.assignments);
    const std::string what = error.what();
    CAPTURE(what, error.hint());
    CHECK(what.starts_with(each.begins));
    CHECK(contains(what, each.says));
    CHECK(contains(error.hint(), each.hints));
  }
}
