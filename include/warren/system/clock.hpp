// The only place that reads clocks.
#pragma once

#include <warren/base/time.hpp>

namespace warren::system {

/// CLOCK_BOOTTIME; any thread.
base::Instant boot_now() noexcept;
/// CLOCK_REALTIME; any thread.
base::WallTime wall_now() noexcept;
inline base::Now now() noexcept {
  return {boot_now(), wall_now()};
}

}  // namespace warren::system
