#include <cerrno>
#include <set>

#include <catch2/catch_test_macros.hpp>

#include <warren/base/drop.hpp>
#include <warren/base/error.hpp>
#include <warren/base/units.hpp>

using namespace warren::base;
using namespace std::chrono_literals;

TEST_CASE("a failed system call says what was attempted, on what, and why") {
  errno = ENOENT;
  try {
    check_system_call(-1, "opening", "/dev/net/tun", "load the tun module");
    FAIL("nothing was thrown");
  } catch (const SystemError& error) {
    CHECK(std::string(error.what()) == "opening /dev/net/tun: No such file or directory");
    CHECK(error.hint() == "load the tun module");
    CHECK(error.error_number() == ENOENT);
  }
}

TEST_CASE("every drop reason has a name of its own") {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kDropCount; ++i) names.insert(drop_name(static_cast<Drop>(i)));
  CHECK(names.size() == kDropCount);
}

TEST_CASE("drops are counted by reason") {
  DropCounters counters;
  counters.add(Drop::in_replayed, 3);
  counters.add(Drop::in_replayed);
  CHECK(counters.get(Drop::in_replayed) == 4);
  CHECK(counters.get(Drop::in_too_short) == 0);
}

TEST_CASE("sizes, ages and intervals read as wg prints them") {
  CHECK(format_size(1023) == "1023 B");
  CHECK(format_size(1536) == "1.50 KiB");
  CHECK(format_size(5ULL << 30U) == "5.00 GiB");
  CHECK(format_age(500ms) == "now");
  CHECK(format_age(72s) == "1 minute, 12 seconds");
  CHECK(format_age(86400s + 1s) == "1 day, 1 second");
  CHECK(format_interval(1500us) == "1.50 ms");
}
