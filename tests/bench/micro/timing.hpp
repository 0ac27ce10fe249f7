// What the micro-benchmarks share.
#pragma once

#include <benchmark/benchmark.h>
#include <time.h>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace warren::bench {

/// A super-packet of 64 KiB is about so many packets of 1420 bytes.
inline constexpr std::size_t kBatch = 45;

/// CPU time of this thread: what other programs do to the machine stays out of it.
inline double cpu_seconds() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// Runs `work` as one iteration of a benchmark that uses manual time: what has to be put back
/// between iterations stays out of it.
template <class Work>
void time_iteration(benchmark::State& state, Work&& work) {
  const double start = cpu_seconds();
  std::forward<Work>(work)();
  state.SetIterationTime(cpu_seconds() - start);
}

/// Shows the time per packet and the bytes per second, of packets of `bytes` each.
inline void count_packets(benchmark::State& state, std::size_t packets_per_iteration,
                          std::size_t bytes) {
  const auto packets = static_cast<std::int64_t>(state.iterations()) *
                       static_cast<std::int64_t>(packets_per_iteration);
  state.SetBytesProcessed(packets * static_cast<std::int64_t>(bytes));
  state.counters["per_packet"] = benchmark::Counter(
      static_cast<double>(packets), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

}  // namespace warren::bench
