// Theory of operation.
//
// A frame passes these stages in order: the link's state and its MTU; the selectors; the loss
// model; corruption; duplication; the queue in front of the rate or the trace; the delay with its
// jitter.
//
// On its arrival a frame is given to its flow (classify, FlowTable) and everything that chance
// decides about it is decided at once (Judge), from dice that are a function of the flow and the
// frame's number in it (Dice). A recording, if there is one, is asked afterwards and has the last
// word; the dice were thrown all the same, so that the frames it does not list fare as they would
// have. Only the queue depends on when frames come: it is full or not, and CoDel looks at how long
// a frame waited (Bottleneck).
//
// What is on its way is an Item per copy of a frame: first in the Bottleneck's list, then in the
// DelayLine, in one pool. An item carries what was decided about it, so that new settings change
// nothing for it. The pools are bounded by Limits; nothing is allocated after construction.
//
// Both stages keep their own time: pop() and admit() first let the bottleneck do what was due until
// then. Therefore next_due() may also name a moment at which an item only moves from one stage to
// the other; it is never too late.
#include <algorithm>
#include <array>
#include <limits>

#include <warren/base/assert.hpp>
#include <warren/impair/pipeline.hpp>
#include <warren/impair/recording.hpp>

#include "bottleneck.hpp"
#include "classify.hpp"
#include "delay_line.hpp"
#include "flow_table.hpp"
#include "item_pool.hpp"
#include "judge.hpp"

namespace warren::impair {
namespace {

struct VerdictNames {
  std::string_view words, identifier;
};
/// By Verdict.
constexpr std::array<VerdictNames, kVerdicts> kVerdictNames{{{"passed", "passed"},
                                                             {"lost", "lost"},
                                                             {"selected", "selected"},
                                                             {"too big", "too_big"},
                                                             {"link down", "link_down"},
                                                             {"queue full", "queue_full"},
                                                             {"codel", "codel"},
                                                             {"overrun", "overrun"}}};

/// Each frame may be there twice.
std::uint32_t items_for(const Limits& limits) noexcept {
  constexpr std::uint32_t kMost = std::numeric_limits<ItemIndex>::max() / 4;
  WARREN_ASSERT(limits.frames > 0 && limits.frames < kMost, "frames={}", limits.frames);
  WARREN_ASSERT(limits.flows > 0 && limits.flows < kMost, "flows={}", limits.flows);
  return 2 * limits.frames;
}

void flip(base::Bytes frame, std::uint32_t bit) noexcept {
  frame[bit / 8] ^= std::byte{0x80} >> (bit % 8);
}

}  // namespace

std::string_view describe(Verdict verdict) noexcept {
  const auto index = static_cast<std::size_t>(verdict);
  return index < kVerdictNames.size() ? kVerdictNames[index].words : "unknown";
}

std::string_view identifier(Verdict verdict) noexcept {
  const auto index = static_cast<std::size_t>(verdict);
  return index < kVerdictNames.size() ? kVerdictNames[index].identifier : "unknown";
}

struct Pipeline::State {
  State(const StreamKey& key, const Settings& settings, const Limits& limits, base::Instant start,
        std::shared_ptr<const Recording> replay);

  void tick(base::Instant moment) noexcept {
    now = std::max(now, moment);
    bottleneck.advance(now);
  }
  bool apply_recorded(Fate& fate, std::size_t frame_bytes,
                      std::uint32_t payload_offset) const noexcept;
  void enqueue(Fate& fate, std::size_t frame_bytes, std::uint32_t payload_offset,
               FrameHandle handle, bool spared) noexcept;
  ItemIndex make_item(const Fate& fate, base::Duration jitter, std::size_t frame_bytes,
                      std::uint32_t payload_offset, FrameHandle handle, bool spared) noexcept;
  Departure give_back(ItemIndex index, Verdict verdict) noexcept;

  Limits limits;
  base::Instant now;
  std::shared_ptr<const Recording> recording;
  const Recording::Stream* recorded = nullptr;

  Judge judge;
  FlowTable flows;
  ItemPool pool;
  DelayLine line;
  ItemList dropped;  // by CoDel, to be given back
  Bottleneck bottleneck;
  std::uint32_t held = 0;
};

Pipeline::State::State(const StreamKey& key, const Settings& settings, const Limits& bounds,
                       base::Instant start, std::shared_ptr<const Recording> replay)
    : limits(bounds),
      now(start),
      recording(std::move(replay)),
      judge(key),
      flows(limits.flows),
      pool(items_for(limits)),
      line(pool, items_for(limits)),
      bottleneck(pool, line, dropped) {
  if (recording != nullptr) recorded = recording->stream(key.link, key.direction);
  judge.configure(settings);
  bottleneck.configure(settings, start);
}

Pipeline::Pipeline(const StreamKey& key, const Settings& settings, const Limits& limits,
                   base::Instant now, std::shared_ptr<const Recording> replay)
    : state_(std::make_unique<State>(key, settings, limits, now, std::move(replay))) {}

Pipeline::~Pipeline() = default;

void Pipeline::change(const Settings& settings, base::Instant now) {
  state_->tick(now);
  state_->judge.configure(settings);
  state_->bottleneck.configure(settings, state_->now);
}

const Settings& Pipeline::settings() const noexcept {
  return state_->judge.settings();
}

Fate Pipeline::admit(base::Instant now, base::Bytes frame, FrameHandle handle) noexcept {
  WARREN_ASSERT(frame.size() <= kMaxFrameBytes, "bytes={}", frame.size());
  State& state = *state_;
  state.tick(now);
  const Classified seen = classify(frame);
  Flow& flow = state.flows.count(seen);
  Fate fate = state.judge.decide(flow, seen, frame.size());
  const bool listed = state.apply_recorded(fate, frame.size(), seen.payload_offset);
  if (fate.verdict == Verdict::passed) {
    state.enqueue(fate, frame.size(), seen.payload_offset, handle, listed);
  }
  if (fate.verdict != Verdict::passed) {
    return {.verdict = fate.verdict, .flow = fate.flow, .number = fate.number};
  }
  if (fate.corrupted) flip(frame, fate.corrupted_bit);
  return fate;
}

/// Whether the frame is listed. A link that is down or a frame that is too big for it is no matter
/// of chance: that stands.
bool Pipeline::State::apply_recorded(Fate& fate, std::size_t frame_bytes,
                                     std::uint32_t payload_offset) const noexcept {
  if (recorded == nullptr || fate.verdict == Verdict::link_down ||
      fate.verdict == Verdict::too_big) {
    return false;
  }
  const Fate* listed = recorded->find(fate.flow, fate.number);
  if (listed == nullptr) return false;
  fate = *listed;
  const std::size_t place = fate.corrupted_bit / 8;
  if (place < payload_offset || place >= frame_bytes) fate.corrupted = false;
  return true;
}

/// Or says in `fate` why not.
void Pipeline::State::enqueue(Fate& fate, std::size_t frame_bytes, std::uint32_t payload_offset,
                              FrameHandle handle, bool spared) noexcept {
  const auto bytes = static_cast<std::uint32_t>(frame_bytes);
  if (held == limits.frames) {
    fate.verdict = Verdict::overrun;
  } else if (!spared && !bottleneck.has_room(bytes)) {
    fate.verdict = Verdict::queue_full;
  }
  if (fate.verdict != Verdict::passed) return;
  ++held;
  const ItemIndex first = make_item(fate, fate.jitter, bytes, payload_offset, handle, spared);
  bottleneck.enter(first, now);
  // The copy is on the link as well: it needs room of its own.
  if (fate.duplicated && !spared && !bottleneck.has_room(bytes)) fate.duplicated = false;
  if (!fate.duplicated) return;
  const ItemIndex second = make_item(fate, fate.copy_jitter, bytes, payload_offset, handle, spared);
  pool[first].twin = second;
  pool[second].twin = first;
  bottleneck.enter(second, now);
}

ItemIndex Pipeline::State::make_item(const Fate& fate, base::Duration jitter,
                                     std::size_t frame_bytes, std::uint32_t payload_offset,
                                     FrameHandle handle, bool spared) noexcept {
  const ItemIndex index = pool.take();
  Item& item = pool[index];
  item.frame = handle;
  item.bytes = static_cast<std::uint32_t>(frame_bytes);
  item.payload_bytes = item.bytes - payload_offset;
  item.overtakes = fate.reordered;
  item.spared = spared;
  item.travel = judge.travel(fate, jitter);
  return index;
}

Departure Pipeline::State::give_back(ItemIndex index, Verdict verdict) noexcept {
  const Item& item = pool[index];
  const Departure departure{item.frame, verdict, item.twin == 0, item.at};
  if (item.twin != 0)
    pool[item.twin].twin = 0;
  else
    --held;
  pool.give_back(index);
  return departure;
}

std::optional<base::Instant> Pipeline::next_due() const noexcept {
  const State& state = *state_;
  if (!state.dropped.empty()) return state.pool[state.dropped.front()].at;
  const auto leaves = state.line.next_due();
  const auto moves = state.bottleneck.next_event();
  if (leaves && moves) return std::min(*leaves, *moves);
  return leaves ? leaves : moves;
}

std::optional<Departure> Pipeline::pop(base::Instant now) noexcept {
  State& state = *state_;
  state.tick(now);
  if (const ItemIndex index = state.dropped.pop(state.pool)) {
    return state.give_back(index, Verdict::codel);
  }
  if (const ItemIndex index = state.line.take(state.now)) {
    return state.give_back(index, Verdict::passed);
  }
  return std::nullopt;
}

std::uint32_t Pipeline::held() const noexcept {
  return state_->held;
}

std::uint64_t Pipeline::queued_bytes() const noexcept {
  return state_->bottleneck.waiting_bytes();
}

}  // namespace warren::impair
