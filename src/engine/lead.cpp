#include "lead.hpp"

#include <algorithm>

namespace warren::engine {

base::Duration Lead::lead(base::Instant now) noexcept {
  const auto since = std::clamp(now - filled_, base::Duration{0}, 10 * kMost);
  const auto earned = kShare * static_cast<double>(since.count());
  budget_ = std::min(budget_ + base::Duration(static_cast<base::Duration::rep>(earned)), kMost);
  filled_ = now;
  return budget_ > kLongest ? estimate_ : base::Duration{0};
}

void Lead::woke(base::Duration latency) noexcept {
  estimate_ += latency > estimate_ ? 3 * kStep : -kStep;
  estimate_ = std::clamp(estimate_, base::Duration{0}, kLongest);
}

}  // namespace warren::engine
