#include <time.h>

#include <warren/system/clock.hpp>

namespace warren::system {
namespace {

base::Duration read(clockid_t clock) noexcept {
  timespec value{};
  // Cannot fail: both clocks exist on every kernel this program runs on, and `value` is writable.
  static_cast<void>(::clock_gettime(clock, &value));
  return std::chrono::seconds(value.tv_sec) + std::chrono::nanoseconds(value.tv_nsec);
}

}  // namespace

base::Instant boot_now() noexcept {
  return base::Instant(read(CLOCK_BOOTTIME));
}
base::WallTime wall_now() noexcept {
  return base::WallTime(read(CLOCK_REALTIME));
}

}  // namespace warren::system
