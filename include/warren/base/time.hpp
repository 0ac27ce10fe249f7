// Clock types. They are types only: reading a clock is for `system`, so that everything below it runs
// in virtual time as well.
#pragma once

#include <chrono>
#include <cstdint>

namespace warren::base {

using Duration = std::chrono::nanoseconds;

/// CLOCK_BOOTTIME: never steps back and counts the time a machine sleeps, so that keys expire then too.
struct BootClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;
};
using Instant = BootClock::time_point;

/// CLOCK_REALTIME since the Unix epoch: only for timestamps in handshakes and for display.
struct WallClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<WallClock>;
  static constexpr bool is_steady = false;
};
using WallTime = WallClock::time_point;

/// Both clocks, read together.
struct Now {
  Instant boot;
  WallTime wall;
};

}  // namespace warren::base
