// A frame's way through the pipeline of a link: admit and pop.
#include <cstdint>
#include <vector>

#include <warren/impair/pipeline.hpp>

#include "timing.hpp"
#include "unit/impair/run.hpp"

using namespace warren;
using namespace std::chrono_literals;

namespace {

impair::Settings delay_of_1ms() {
  impair::Settings settings;
  settings.delay = 1ms;
  return settings;
}
impair::Settings lossy_delay() {
  auto settings = delay_of_1ms();
  settings.jitter = {100us, impair::Distribution::normal};
  settings.loss = impair::GilbertElliottLoss{.p = 0.01, .r = 0.3};
  return settings;
}
impair::Settings everything() {
  auto settings = lossy_delay();
  settings.duplicate = 0.01;
  settings.reorder = impair::Reordering{.p = 0.01, .ahead = {}};
  settings.corrupt = 0.01;
  settings.rate_bps = 10'000'000'000;
  settings.queue.discipline = impair::Discipline::codel;
  settings.drop = {{impair::Selector::Kind::tcp_syn, 1}, {impair::Selector::Kind::udp, 1000}};
  return settings;
}

/// 250,000 frames of 1514 bytes in a second, of so many flows in turn; arguments: which settings,
/// how many flows.
void pipeline(benchmark::State& state) {
  const std::array settings{impair::Settings{}, delay_of_1ms(), lossy_delay(), everything()};
  const auto flows = static_cast<std::uint16_t>(state.range(1));
  std::vector<test::Frame> frames;
  for (std::uint16_t i = 0; i < flows; ++i) {
    frames.push_back(test::udp_frame({"10.0.0.1", static_cast<std::uint16_t>(1000 + i)},
                                     {"10.0.0.2", 2000}, 1514));
  }
  base::Instant now = test::kStart;
  impair::Pipeline link({.seed = 1, .link = "wan", .direction = 0},
                        settings.at(static_cast<std::size_t>(state.range(0))), {}, now);
  std::size_t next = 0;
  for (auto _ : state) {
    for (std::size_t i = 0; i < bench::kBatch; ++i) {
      now += 4us;
      auto fate = link.admit(now, frames[next], impair::FrameHandle(0));
      benchmark::DoNotOptimize(fate);
      next = next + 1 < frames.size() ? next + 1 : 0;
      while (auto gone = link.pop(now)) benchmark::DoNotOptimize(gone);
    }
  }
  bench::count_packets(state, bench::kBatch, 1514);
}
BENCHMARK(pipeline)
    ->ArgNames({"settings", "flows"})
    ->ArgsProduct({{0, 1, 2, 3}, {1}})
    ->ArgsProduct({{1, 2, 3}, {64, 4096}});

}  // namespace
