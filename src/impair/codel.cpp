#include "codel.hpp"

#include <cmath>

namespace warren::impair {
namespace {

// RFC 8289, 5.5: a spell that begins this soon after the last goes on at its rate.
constexpr int kMemoryIntervals = 16;

}  // namespace

void Codel::reset() noexcept {
  above_ = false;
  dropping_ = false;
  count_ = 0;
  last_count_ = 0;
}

bool Codel::may_drop(base::Instant now, const Taken& taken) noexcept {
  // A queue of less than one frame cannot be shorter, however long the frame waited.
  if (taken.item == 0 || taken.sojourn < target_ || taken.bytes_behind <= largest_frame_) {
    above_ = false;
    return false;
  }
  if (!above_) {
    above_ = true;
    first_above_ = now + interval_;
    return false;
  }
  return now >= first_above_ && !taken.spared;
}

void Codel::begin_dropping(base::Instant now) noexcept {
  dropping_ = true;
  const std::uint32_t since = count_ - last_count_;
  const bool soon = now - drop_next_ < kMemoryIntervals * interval_;
  count_ = since > 1 && soon ? since : 1;
  drop_next_ = control_law(now);
  last_count_ = count_;
}

base::Instant Codel::control_law(base::Instant from) const noexcept {
  const double distance =
      static_cast<double>(interval_.count()) / std::sqrt(static_cast<double>(count_));
  return from + base::Duration(static_cast<std::int64_t>(distance));
}

}  // namespace warren::impair
