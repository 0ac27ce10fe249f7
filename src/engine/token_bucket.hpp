// Limits how often something is done: a token bucket, kept as the time at which it was empty, as
// the generic cell rate algorithm (ITU-T I.371) does.
#pragma once

#include <algorithm>

#include <warren/base/time.hpp>

namespace warren::engine {

class TokenBucket {
 public:
  /// One token per `interval`, at most `burst` saved up; starts full.
  constexpr TokenBucket(base::Duration interval, unsigned burst) noexcept
      : interval_(interval), capacity_(interval * burst) {}

  /// Takes a token; false when there is none. `now` never steps back.
  constexpr bool take(base::Instant now) noexcept {
    empty_at_ = std::max(empty_at_, now - capacity_);
    if (now - empty_at_ < interval_) return false;
    empty_at_ += interval_;
    return true;
  }

 private:
  base::Duration interval_;
  base::Duration capacity_;
  base::Instant empty_at_ = base::Instant::min();
};

}  // namespace warren::engine
