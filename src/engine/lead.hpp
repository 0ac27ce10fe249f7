// How long before a moment a thread has to be woken to be awake at it, and how much of its time it
// may wait awake for the rest.
#pragma once

#include <warren/base/time.hpp>

namespace warren::engine {

/// Theory of operation. From the moment for which a timer was armed until the thread runs several
/// microseconds pass, some tens where the machine is busy or virtual. How many hardly varies from
/// one wake-up to the next; so the timer is armed earlier by what three of four wake-ups took
/// lately, and who wakes early looks at the clock for the rest. The estimate steps up by three
/// units for each wake-up that took longer and down by one for each that did not, which leaves it
/// at that quantile without remembering any.
///
/// Looking at the clock keeps a processor from others: it takes no more than kShare of the time
/// over a while of kMost / kShare; when that is used up the thread sleeps and is late.
class Lead {
 public:
  explicit Lead(base::Instant now) noexcept : filled_(now) {}

  /// How much earlier to wake, now; 0 when there is no time left to spend.
  [[nodiscard]] base::Duration lead(base::Instant now) noexcept;
  /// A wake-up took that long.
  void woke(base::Duration latency) noexcept;
  /// Was spent waiting awake.
  void spent(base::Duration time) noexcept { budget_ -= time; }

 private:
  static constexpr double kShare = 0.25;
  static constexpr base::Duration kMost = std::chrono::milliseconds(2);
  static constexpr base::Duration kStep = std::chrono::nanoseconds(100);
  static constexpr base::Duration kLongest = std::chrono::microseconds(60);

  base::Duration estimate_ = std::chrono::microseconds(10);
  base::Duration budget_ = kMost;
  base::Instant filled_;
};

}  // namespace warren::engine
