#include "memory_size.hpp"

#include <unistd.h>

#include <algorithm>

namespace warren::lab {
namespace {

// What a link without a rate carries at most: about what one thread can.
constexpr double kUnlimitedBps = 10e9;
// The tail of a distribution: the normal one passes 5 deviations once in 3.5 million frames, and
// tc-netem's Pareto table ends at 4.
constexpr double kJitterReach = 5;
// CoDel and fifo queues without a size have at least this (impair::Queue).
constexpr std::uint64_t kLeastQueueBytes = std::uint64_t{64} << 10;
// A burst that all came at once, on a link without delay.
constexpr std::uint64_t kBurstBytes = std::uint64_t{1} << 20;

constexpr std::size_t kMostFrames = std::size_t{1} << 22;  // of all pipelines
constexpr std::size_t kMostPipelineFrames = std::size_t{1} << 18;
constexpr std::size_t kLeastPipelineFrames = std::size_t{1} << 14;

double seconds(base::Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

std::uint64_t bytes_on_the_way(const impair::Settings& settings) noexcept {
  const double bps =
      settings.rate_bps != 0 ? static_cast<double>(settings.rate_bps) : kUnlimitedBps;
  double travel_s = seconds(settings.delay);
  if (settings.jitter) travel_s += kJitterReach * seconds(settings.jitter->amount);
  const auto travelling = static_cast<std::uint64_t>(bps / 8 * travel_s);
  const bool has_queue = settings.rate_bps != 0 || settings.trace;
  std::uint64_t queue = 0;
  if (has_queue) queue = settings.queue.bytes.value_or(std::max(travelling, kLeastQueueBytes));
  return 2 * (travelling + queue) + kBurstBytes;
}

std::uint64_t memory_bytes(std::span<const impair::Settings> directions,
                           std::uint64_t most_bytes) noexcept {
  std::uint64_t sum = 0;
  // Each is bounded first: no sum of them overflows.
  for (const auto& settings : directions) sum += std::min(bytes_on_the_way(settings), most_bytes);
  return std::clamp(sum, std::min(kLeastMemoryBytes, most_bytes), most_bytes);
}

std::uint64_t most_memory_bytes() noexcept {
  constexpr std::uint64_t kMost = std::uint64_t{4} << 30;
  const auto pages = static_cast<std::uint64_t>(std::max(0L, ::sysconf(_SC_PHYS_PAGES)));
  const auto page_bytes = static_cast<std::uint64_t>(std::max(0L, ::sysconf(_SC_PAGESIZE)));
  return std::clamp(pages * page_bytes / 4, kLeastMemoryBytes, kMost);
}

impair::Limits pipeline_limits(std::size_t directions) noexcept {
  impair::Limits limits;
  limits.frames =
      static_cast<std::uint32_t>(std::clamp(kMostFrames / std::max<std::size_t>(directions, 1),
                                            kLeastPipelineFrames, kMostPipelineFrames));
  return limits;
}

}  // namespace warren::lab
