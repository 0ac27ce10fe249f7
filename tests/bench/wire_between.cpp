// Two namespaces with a wired link between them, for other programs to measure: prints how to enter
// them, keeps them until its standard input ends, and prints the link's counters then.
//
//   wire_between [--delay-us N] [--rate-mbit N] [--queue-bytes N] [--codel] [--mtu N]
//                [--ordinary] [--single] [--capture SNAP]
//
//   left=/proc/4711/fd/6 right=/proc/4711/fd/7       for nsenter --net=…; 10.7.0.1 and 10.7.0.2
//   0: frames=… passed=… lost=… overrun=… refused=… held=… late_p50_us=… late_p99_us=…
//   1: …                                             of each direction
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <optional>

#include "support/wire_pair.hpp"

namespace {

using namespace warren;

struct Options {
  unsigned delay_us = 0;
  unsigned rate_mbit = 0;
  std::uint64_t queue_bytes = 0;
  bool codel = false;
  std::uint32_t mtu = 1500;
  bool ordinary = false;
  bool single = false;
  std::uint32_t capture_snap = 0;
};

impair::Settings settings_of(const Options& options) {
  impair::Settings settings;
  settings.delay = std::chrono::microseconds(options.delay_us);
  settings.rate_bps = options.rate_mbit * 1'000'000ULL;
  if (options.queue_bytes != 0) settings.queue.bytes = options.queue_bytes;
  if (options.codel) settings.queue.discipline = impair::Discipline::codel;
  return settings;
}

void print(int direction, const lab::WireCounters& counters) {
  fmt::print("{}: frames={} bytes={}", direction, counters.frames, counters.bytes);
  for (std::size_t verdict = 0; verdict < impair::kVerdicts; ++verdict) {
    fmt::print(" {}={}", impair::identifier(static_cast<impair::Verdict>(verdict)),
               counters.verdicts[verdict]);
  }
  fmt::print(" refused={} malformed={} held={} late_p50_us={:.1f} late_p99_us={:.1f}\n",
             counters.refused, counters.malformed, counters.held_frames,
             static_cast<double>(counters.late_p50_ns) / 1e3,
             static_cast<double>(counters.late_p99_ns) / 1e3);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("A wired link between two namespaces.");
  app.add_option("--delay-us", options.delay_us);
  app.add_option("--rate-mbit", options.rate_mbit);
  app.add_option("--queue-bytes", options.queue_bytes);
  app.add_flag("--codel", options.codel);
  app.add_option("--mtu", options.mtu);
  app.add_flag("--ordinary", options.ordinary, "without SCHED_FIFO");
  app.add_flag("--single", options.single, "devices without TSO and USO");
  app.add_option("--capture", options.capture_snap, "captures so many bytes of each frame");
  CLI11_PARSE(app, argc, argv);
  try {
    std::optional<lab::CaptureRing> ring;
    if (options.capture_snap != 0) ring.emplace(std::size_t{64} << 20, options.capture_snap);
    const auto settings = settings_of(options);
    test::WirePair pair(
        {.settings = {settings, settings},
         .mtu = options.mtu,
         .offload = options.single ? system::TunOffload::checksum : system::TunOffload::uso,
         .wire = {.capture = ring ? &*ring : nullptr, .schedule_first = !options.ordinary}});
    if (ring) pair.wire().capture(true);
    fmt::print("left=/proc/{0}/fd/{1} right=/proc/{0}/fd/{2}\n", ::getpid(), pair.netns(0).fd(),
               pair.netns(1).fd());
    std::fflush(stdout);
    char byte = 0;
    while (::read(STDIN_FILENO, &byte, 1) > 0) {
    }
    for (const int direction : {0, 1}) {
      print(direction, pair.counters(static_cast<std::uint8_t>(direction)));
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "wire_between: {}\n", error.what());
    return 1;
  }
}
