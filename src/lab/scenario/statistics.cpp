#include "statistics.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include <warren/base/assert.hpp>
#include <warren/base/units.hpp>

namespace warren::lab {

base::Duration percentile(std::span<const base::Duration> sorted, double share) {
  const double rank = std::ceil(share * static_cast<double>(sorted.size()));
  const auto index = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
  return sorted[std::min(index, sorted.size() - 1)];
}

RoundTrips summarise(std::vector<base::Duration> samples) {
  std::sort(samples.begin(), samples.end());
  const auto sum = std::accumulate(samples.begin(), samples.end(), base::Duration::zero());
  return {.min = samples.front(),
          .p50 = percentile(samples, 0.5),
          .p90 = percentile(samples, 0.9),
          .p99 = percentile(samples, 0.99),
          .max = samples.back(),
          .mean = sum / static_cast<std::int64_t>(samples.size())};
}

// What waits behind a lost segment is delivered when that has come again: a part that begins while
// some waits would count more than arrived in it. So it begins where the rate from there on is
// lowest, at which the stream had caught up.
double steady_rate_bps(std::span<const ArrivalSample> samples, base::Duration end) {
  if (samples.size() < 2) return 0;
  const base::Duration span = end - samples.front().at;
  const base::Duration from = samples.front().at + span / 4;
  const ArrivalSample& last = samples.back();
  const base::Duration until = end - last.at > span / 20 ? end : last.at;
  std::optional<double> lowest;
  for (const ArrivalSample& begin : samples) {
    if (begin.at < from || begin.at >= until) continue;
    if (lowest && begin.at > from + span / 4) break;
    const double rate =
        static_cast<double>(last.bytes - begin.bytes) * 8 / base::in_seconds(until - begin.at);
    lowest = std::min(rate, lowest.value_or(rate));
  }
  // With no sample to begin at it was over too soon for a steady part, or stalled before that.
  const ArrivalSample& first = samples.front();
  if (lowest || until != last.at || last.at <= first.at) return lowest.value_or(0);
  return static_cast<double>(last.bytes - first.bytes) * 8 / base::in_seconds(last.at - first.at);
}

double delivered_rate_bps(std::uint64_t arrivals, std::uint32_t payload_bytes,
                          base::Duration arriving, base::Duration sending) {
  const base::Duration took = std::max(arriving, sending);
  if (arrivals < 2 || took <= base::Duration::zero()) return 0;
  return static_cast<double>(arrivals - 1) * 8 * payload_bytes / base::in_seconds(took);
}

bool SequenceTracker::record(std::uint64_t number) {
  if (number >= seen_.size()) return false;
  if (seen_[number]) {
    ++duplicated_;
    return true;
  }
  seen_[number] = true;
  ++received_;
  if (number < next_) ++reordered_;
  next_ = std::max(next_, number + 1);
  return true;
}

std::string format_rate(double bits_per_second) {
  static constexpr std::array<std::pair<double, const char*>, 3> kUnits{
      {{1e9, "Gbit/s"}, {1e6, "Mbit/s"}, {1e3, "kbit/s"}}};
  for (const auto& [unit, name] : kUnits) {
    if (bits_per_second >= unit) return fmt::format("{:.3g} {}", bits_per_second / unit, name);
  }
  return fmt::format("{:.0f} bit/s", bits_per_second);
}

std::string format_share(double share) {
  return fmt::format("{:.3g}%", share * 100);
}

std::string format_time(base::Duration time) {
  const double ns = static_cast<double>(time.count());
  if (ns < 1e6) return fmt::format("{:.1f} µs", ns / 1e3);
  if (ns < 1e9) return fmt::format("{:.4g} ms", ns / 1e6);
  return fmt::format("{:.4g} s", ns / 1e9);
}

}  // namespace warren::lab
