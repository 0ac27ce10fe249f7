// What the probes compute from their samples. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <warren/base/time.hpp>

namespace warren::lab {

/// By the nearest rank: the least sample that is not exceeded by at least `share` of all. `sorted`
/// is ascending and not empty.
base::Duration percentile(std::span<const base::Duration> sorted, double share);

struct RoundTrips {
  base::Duration min{}, p50{}, p90{}, p99{}, max{}, mean{};
};
/// `samples` in any order, not empty.
RoundTrips summarise(std::vector<base::Duration> samples);

/// How much had arrived at a moment.
struct ArrivalSample {
  base::Duration at{};  ///< since the transfer began
  std::uint64_t bytes = 0;
};
/// Bits per second after the first quarter of the time from the first sample to `end`, or later,
/// until the half, where the rate from there on is lower: what a transfer reaches once its window
/// has grown and its first losses are made good. The sum counts up to the last sample; the time
/// too, unless the transfer had stalled by then (nothing in the last twentieth). A transfer that is
/// over with no sample to begin at, as a short one, counts as a whole. 0 with fewer than two
/// samples.
double steady_rate_bps(std::span<const ArrivalSample> samples, base::Duration end);

/// Bits of payload per second of a stream of datagrams, from the first arrival to the last; or,
/// where sending them took longer, over that time: what is lost at the end counts too. Both are
/// without the time of one packet. 0 with fewer than two arrivals.
double delivered_rate_bps(std::uint64_t arrivals, std::uint32_t payload_bytes,
                          base::Duration arriving, base::Duration sending);

/// Follows the numbers of received packets, 0 to count - 1.
class SequenceTracker {
 public:
  explicit SequenceTracker(std::uint64_t count) : seen_(count) {}
  /// False for a number beyond the count.
  bool record(std::uint64_t number);
  [[nodiscard]] std::uint64_t received() const noexcept { return received_; }
  [[nodiscard]] std::uint64_t duplicated() const noexcept { return duplicated_; }
  [[nodiscard]] std::uint64_t reordered() const noexcept { return reordered_; }

 private:
  std::vector<bool> seen_;
  std::uint64_t next_ = 0;  // one more than the highest so far
  std::uint64_t received_ = 0, duplicated_ = 0, reordered_ = 0;
};

/// "12.4 Mbit/s"
std::string format_rate(double bits_per_second);
/// "1.5%"
std::string format_share(double share);
/// "70.3 ms"
std::string format_time(base::Duration time);

}  // namespace warren::lab
