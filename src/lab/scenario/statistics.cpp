#include "statistics.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include <warren/base/assert.hpp>

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

double steady_rate_bps(std::span<const ArrivalSample> samples, base::Duration end) {
  if (samples.size() < 2) return 0;
  const base::Duration span = end - samples.front().at;
  const base::Duration from = samples.front().at + span / 4;
  const auto begin = std::find_if(samples.begin(), samples.end(),
                                  [&](const ArrivalSample& each) { return each.at >= from; });
  if (begin == samples.end()) return 0;
  const ArrivalSample& last = samples.back();
  const base::Duration until = end - last.at > span / 20 ? end : last.at;
  if (until <= begin->at) return 0;
  const double seconds = std::chrono::duration<double>(until - begin->at).count();
  return static_cast<double>(last.bytes - begin->bytes) * 8 / seconds;
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
