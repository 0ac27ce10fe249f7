#include "late_histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace warren::lab {

/// Values below kSubClasses have a class each; above, every power of two has kSubClasses.
std::size_t LateHistogram::class_of(std::uint64_t value) noexcept {
  value = std::min(value, (std::uint64_t{1} << kMaxBits) - 1);
  if (value < kSubClasses) return value;
  const auto shift = static_cast<unsigned>(std::bit_width(value)) - 1 - kSubBits;
  return (shift + 1) * kSubClasses + ((value >> shift) - kSubClasses);
}

/// The greatest value of a class.
std::uint64_t LateHistogram::end_of(std::size_t index) noexcept {
  if (index < kSubClasses) return index;
  const std::size_t shift = index / kSubClasses - 1;
  return ((kSubClasses + index % kSubClasses + 1) << shift) - 1;
}

void LateHistogram::add(base::Duration late) noexcept {
  const auto value = static_cast<std::uint64_t>(std::max<base::Duration::rep>(late.count(), 0));
  ++counts_[class_of(value)];
  ++total_;
  max_ = std::max(max_, value);
}

std::uint64_t LateHistogram::quantile_ns(double share) const noexcept {
  if (total_ == 0) return 0;
  const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(total_)));
  std::uint64_t seen = 0;
  for (std::size_t index = 0; index < kClasses; ++index) {
    seen += counts_[index];
    if (seen >= wanted && seen > 0) return std::min(end_of(index), max_);
  }
  return max_;
}

}  // namespace warren::lab
