// A pipeline with any settings, any frames, any steps of time. The input is a list of commands: new
// settings, a frame, a step of time after which what is due is taken. Every handle that the
// pipeline takes comes back once with the last of its copies, at a time that was due, and
// next_due() leads to it in a bounded number of steps; a frame is changed in at most one bit,
// behind its Ethernet header.
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include <warren/impair/pipeline.hpp>
#include <warren/impair/recording.hpp>
#include <warren/impair/trace.hpp>

#include "input.hpp"

using namespace warren;
using namespace warren::impair;

namespace {

constexpr std::uint32_t kFrames = 32;
constexpr std::size_t kMostFrameBytes = 2000;
constexpr base::Instant kStart{std::chrono::seconds(1000)};

void require(bool condition) {
  if (!condition) std::abort();
}

Probability share(fuzz::Input& input) {
  return static_cast<double>(input.number(1)) / 255;
}
/// From a nanosecond to days, negative ones too.
base::Duration duration(fuzz::Input& input) {
  const auto value = static_cast<std::int64_t>(input.number(1));
  const auto exponent = static_cast<unsigned>(input.number(1)) % 40;
  return base::Duration((value - 16) << exponent);
}

std::shared_ptr<const Trace> any_trace(fuzz::Input& input) {
  const auto bytes = input.piece(12);
  const auto parsed = Trace::parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  return parsed ? std::make_shared<const Trace>(*parsed) : nullptr;
}

Settings any_settings(fuzz::Input& input) {
  Settings settings;
  const auto present = input.number(2);
  const auto has = [&](unsigned bit) { return (present >> bit & 1U) != 0; };
  settings.up = !has(0);
  if (has(1)) settings.delay = duration(input);
  if (has(2)) settings.jitter = {duration(input), static_cast<Distribution>(input.number(1) % 3)};
  if (has(3)) settings.loss = BernoulliLoss{share(input)};
  if (has(4)) {
    settings.loss = GilbertElliottLoss{share(input), share(input), share(input), share(input)};
  }
  if (has(5)) settings.duplicate = share(input);
  if (has(6)) settings.reorder = Reordering{.p = share(input), .ahead = {}};
  if (has(7) && settings.reorder) settings.reorder->ahead = duration(input);
  if (has(8)) settings.corrupt = share(input);
  if (has(9)) settings.rate_bps = input.number(5);
  if (has(10)) settings.trace = any_trace(input);
  if (has(11)) settings.queue.discipline = Discipline::codel;
  if (has(12)) settings.queue.bytes = input.number(3);
  if (has(13)) {
    settings.queue.target = duration(input);
    settings.queue.interval = duration(input);
  }
  if (has(14)) {
    settings.drop = {{static_cast<Selector::Kind>(input.number(1) % 8), input.number(1)}};
  }
  if (has(15)) settings.mtu = static_cast<std::uint32_t>(input.number(2));
  return settings;
}

class World {
 public:
  World(fuzz::Input& input, std::shared_ptr<const Recording> replay)
      : link_({input.number(1), "wan", 0}, any_settings(input), {.frames = kFrames, .flows = 4},
              now_, std::move(replay)) {}

  void change(fuzz::Input& input) { link_.change(any_settings(input), now_); }
  void send(fuzz::Input& input) {
    std::vector<std::byte> frame = input.piece(input.number(1));
    frame.resize(std::min<std::size_t>(frame.size() + input.number(2), kMostFrameBytes));
    const std::vector<std::byte> before = frame;
    const auto handle = static_cast<std::uint32_t>(copies_.size());
    const Fate fate = link_.admit(now_, frame, FrameHandle(handle));
    require(fate.number > 0);
    const bool passed = fate.verdict == Verdict::passed;
    copies_.push_back(passed ? (fate.duplicated ? 2 : 1) : 0);
    unsigned flipped = 0;
    for (std::size_t i = 0; i < frame.size(); ++i) {
      const unsigned bits = std::to_integer<unsigned>(frame[i] ^ before[i]);
      flipped += static_cast<unsigned>(std::popcount(bits));
      require(bits == 0 || i >= 14);
    }
    require(flipped <= (passed && fate.corrupted ? 1U : 0U));
    require(link_.held() <= kFrames);
  }
  void step(base::Duration time) {
    now_ += time;
    take();
    const auto due = link_.next_due();
    require(due ? *due > now_ : link_.held() == 0);
  }
  /// To the very end.
  void drain() {
    // One step per copy and stage, or per opportunity of a trace that carries 1504 bytes of one.
    for (std::uint32_t steps = 0; link_.held() > 0; ++steps) {
      require(steps < 8 * kFrames);
      const auto due = link_.next_due();
      require(due.has_value());
      step(std::max(*due - now_, base::Duration::zero()));
    }
    require(!link_.next_due() && link_.queued_bytes() == 0);
    for (const int left : copies_) require(left == 0);
  }

 private:
  void take() {
    while (const auto gone = link_.pop(now_)) {
      require(gone->due <= now_ && gone->due >= kStart);
      int& left = copies_.at(gone->frame.value());
      require(--left >= 0 && gone->last == (left == 0));
    }
  }

  base::Instant now_ = kStart;
  Pipeline link_;
  std::vector<int> copies_;  // that are still to come, of each handle
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  std::shared_ptr<const Recording> replay;
  if (input.number(1) % 4 == 0) {
    const auto text = input.piece(input.number(1));
    auto parsed = Recording::parse({reinterpret_cast<const char*>(text.data()), text.size()});
    if (parsed) replay = std::make_shared<const Recording>(std::move(*parsed));
  }
  World world(input, std::move(replay));
  while (!input.empty()) {
    switch (input.number(1) % 8) {
      case 0:
        world.change(input);
        break;
      case 1:
      case 2:
        world.step(base::Duration(input.number(4)));
        break;
      default:
        world.send(input);
        break;
    }
  }
  world.drain();
  return 0;
}
