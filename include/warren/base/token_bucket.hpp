// Limits how often something is done: a token bucket, kept as the instant at which it will be full
// again, as the generic cell rate algorithm (ITU-T I.371) does. A full bucket says the same as a
// new one.
#pragma once

#include <algorithm>

#include <warren/base/time.hpp>

namespace warren::base {

/// One token per `interval` (above zero), at most `burst` (at least 1) saved up.
struct TokenRate {
  Duration interval;
  unsigned burst = 1;
};

/// Eight bytes; the rate is the caller's to keep, the same for every call. One thread.
class TokenBucket {
 public:
  /// Takes a token; false when there is none. `now` never steps back.
  constexpr bool take(Instant now, const TokenRate& rate) noexcept {
    const Instant full_again = std::max(full_again_, now) + rate.interval;
    if (full_again - now > rate.interval * rate.burst) return false;
    full_again_ = full_again;
    return true;
  }

  [[nodiscard]] constexpr Instant full_again() const noexcept { return full_again_; }

 private:
  Instant full_again_ = Instant::min();
};

}  // namespace warren::base
