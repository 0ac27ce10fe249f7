// How late frames left: a histogram whose classes grow with the value, so that each value is known
// to within a sixteenth of itself at a fixed cost (as HdrHistogram does it).
#pragma once

#include <array>
#include <cstdint>

#include <warren/base/time.hpp>

namespace warren::lab {

class LateHistogram {
 public:
  /// Negative values count as 0.
  void add(base::Duration late) noexcept;
  /// The least value that `share` (0 to 1) of all do not exceed, rounded up to the end of its
  /// class; 0 when there are none.
  [[nodiscard]] std::uint64_t quantile_ns(double share) const noexcept;
  [[nodiscard]] std::uint64_t max_ns() const noexcept { return max_; }

 private:
  static constexpr unsigned kSubBits = 4;
  static constexpr std::size_t kSubClasses = std::size_t{1} << kSubBits;
  static constexpr unsigned kMaxBits = 40;  // 18 minutes; what is later counts as that
  static constexpr std::size_t kClasses = (kMaxBits - kSubBits + 1) * kSubClasses;

  static std::size_t class_of(std::uint64_t value) noexcept;
  static std::uint64_t end_of(std::size_t index) noexcept;

  std::array<std::uint32_t, kClasses> counts_{};
  std::uint64_t total_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace warren::lab
