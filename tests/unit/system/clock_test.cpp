#include <time.h>

#include <catch2/catch_test_macros.hpp>
#include <chrono>

#include <warren/system/clock.hpp>

using namespace warren;
using namespace std::chrono_literals;

TEST_CASE("the boot clock never steps back") {
  auto last = system::boot_now();
  for (int i = 0; i < 1000; ++i) {
    const auto next = system::boot_now();
    REQUIRE(next >= last);
    last = next;
  }
}

TEST_CASE("the boot clock counts from the machine's start") {
  timespec uptime{};
  REQUIRE(::clock_gettime(CLOCK_BOOTTIME, &uptime) == 0);
  const auto seconds = system::boot_now().time_since_epoch() / 1s;
  CHECK(seconds >= uptime.tv_sec);
  CHECK(seconds <= uptime.tv_sec + 1);
}

TEST_CASE("the wall clock counts from the Unix epoch") {
  const auto before = ::time(nullptr);
  const auto seconds = system::wall_now().time_since_epoch() / 1s;
  CHECK(seconds >= before);
  CHECK(seconds <= before + 2);
}
