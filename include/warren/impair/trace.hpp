// When a link whose rate varies can carry data: the packet delivery traces of mahimahi (Netravali
// et al., USENIX ATC 2015; mm-link(1)). Each line is a millisecond since the start, in which one
// packet of the largest size can leave; a millisecond may be named several times. The trace
// repeats: its last line is its length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string_view>
#include <vector>

#include <warren/base/time.hpp>
#include <warren/impair/text_error.hpp>

namespace warren::impair {

class Trace {
 public:
  /// Bytes that leave with one opportunity: an IP packet of 1500 bytes and the four bytes that a
  /// TUN device puts before it. Several packets share one, a larger packet takes several; what
  /// nobody waits for is lost.
  static constexpr std::uint32_t kOpportunityBytes = 1504;

  /// Refuses what mahimahi refuses: an empty line, a line that is no number, a decrease, no line at
  /// all, a length of zero; and a number above 2^32 - 1. A carriage return at the end of a line is
  /// ignored. Takes four bytes per line.
  static std::expected<Trace, TextError> parse(std::string_view text);

  /// How many opportunities the trace names before it repeats; at least 1.
  [[nodiscard]] std::size_t size() const noexcept { return milliseconds_.size(); }
  [[nodiscard]] base::Duration period() const noexcept {
    return std::chrono::milliseconds(milliseconds_.back());
  }
  /// Since the start; `opportunity` counts from 0 and goes on through the repetitions.
  [[nodiscard]] base::Duration time_of(std::uint64_t opportunity) const noexcept;
  /// The first opportunity later than `since_start`, which is not negative.
  [[nodiscard]] std::uint64_t first_after(base::Duration since_start) const noexcept;
  /// What it carries on average, in bits per second.
  [[nodiscard]] double mean_rate_bps() const noexcept;

 private:
  std::vector<std::uint32_t> milliseconds_;
};

}  // namespace warren::impair
