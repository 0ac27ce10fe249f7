#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <system_error>

#include <warren/impair/trace.hpp>

#include "text_lines.hpp"

namespace warren::impair {

std::expected<Trace, TextError> Trace::parse(std::string_view text) {
  Trace trace;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = take_line(text);
    std::uint32_t ms = 0;
    const auto [rest, error] = std::from_chars(line.data(), line.data() + line.size(), ms);
    if (error != std::errc() || rest != line.data() + line.size()) {
      return std::unexpected(TextError{
          number, fmt::format("\"{}\" is not a number of milliseconds", line.substr(0, 40))});
    }
    if (!trace.milliseconds_.empty() && ms < trace.milliseconds_.back()) {
      return std::unexpected(
          TextError{number, fmt::format("times must not decrease: {} comes after {}", ms,
                                        trace.milliseconds_.back())});
    }
    trace.milliseconds_.push_back(ms);
  }
  if (trace.milliseconds_.empty()) {
    return std::unexpected(TextError{1, "names no time at which a packet can leave"});
  }
  if (trace.milliseconds_.back() == 0) {
    return std::unexpected(
        TextError{trace.milliseconds_.size(), "lasts no time: its last line must be above 0"});
  }
  return trace;
}

base::Duration Trace::time_of(std::uint64_t opportunity) const noexcept {
  const auto repetitions = static_cast<std::int64_t>(opportunity / size());
  return repetitions * period() + std::chrono::milliseconds(milliseconds_[opportunity % size()]);
}

std::uint64_t Trace::first_after(base::Duration since_start) const noexcept {
  const std::int64_t repetitions = since_start / period();
  // An opportunity at a whole millisecond is later than a moment exactly when its millisecond is
  // later than the one the moment lies in. The last one is at the period's end, so there is one.
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(since_start % period()).count();
  const auto later = std::ranges::upper_bound(milliseconds_, ms, {},
                                              [](std::uint32_t at) { return std::int64_t{at}; });
  return static_cast<std::uint64_t>(repetitions) * size() +
         static_cast<std::uint64_t>(later - milliseconds_.begin());
}

double Trace::mean_rate_bps() const noexcept {
  return static_cast<double>(size()) * kOpportunityBytes * 8 /
         std::chrono::duration<double>(period()).count();
}

}  // namespace warren::impair
