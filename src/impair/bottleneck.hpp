// The queue in front of a rate or a trace, and what empties it.
//
// Nothing happens here between two calls: each call first does what would have happened until then,
// moment by moment, so that the result does not depend on how often it is called.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include <warren/base/time.hpp>
#include <warren/impair/settings.hpp>

#include "codel.hpp"
#include "delay_line.hpp"
#include "item_pool.hpp"

namespace warren::impair {

class Bottleneck {
 public:
  /// Items that were sent go on into `line`; those that CoDel dropped, Item::at when, into
  /// `dropped`. Borrows all three.
  Bottleneck(ItemPool& pool, DelayLine& line, ItemList& dropped) noexcept;

  /// What waits leaves as the new settings say; of a frame that is being sent the rest does.
  void configure(const Settings& settings, base::Instant now) noexcept;
  /// Whether a frame of so many bytes finds room. Call advance() before.
  [[nodiscard]] bool has_room(std::uint32_t bytes) const noexcept;
  /// Waits for its turn; `now` is not before the last advance().
  void enter(ItemIndex index, base::Instant now) noexcept;
  /// Does what happens until `now`, inclusive.
  void advance(base::Instant now) noexcept {
    if (sending_ != 0 || !waiting_.empty()) work_until(now);
  }
  /// When there will be something for the line or the dropped to give away, or a moment before.
  [[nodiscard]] std::optional<base::Instant> next_event() const noexcept;
  [[nodiscard]] std::uint64_t waiting_bytes() const noexcept { return waiting_bytes_; }

 private:
  enum class Mode : std::uint8_t { open, rate, trace };

  void work_until(base::Instant now) noexcept;
  void send_by_rate(base::Instant now) noexcept;
  void send_by_trace(base::Instant now) noexcept;
  void use_opportunity(base::Instant at) noexcept;
  void release_all(base::Instant now) noexcept;
  /// The next item begins to be sent at `now`, if there is one.
  void start(base::Instant now) noexcept;
  void finish(base::Instant now) noexcept;
  ItemIndex dequeue(base::Instant now) noexcept;
  Codel::Taken take_first(base::Instant now) noexcept;
  [[nodiscard]] std::uint64_t work_left(base::Instant now) const noexcept;
  void set_work(std::uint64_t work, base::Instant now) noexcept;

  ItemPool& pool_;
  DelayLine& line_;
  ItemList& dropped_;

  Mode mode_ = Mode::open;
  Discipline discipline_ = Discipline::fifo;
  std::uint64_t capacity_bytes_ = 0;
  std::uint64_t rate_bps_ = 0;
  std::shared_ptr<const Trace> trace_;
  base::Instant trace_start_{};
  std::uint64_t opportunity_ = 0;  // the next one, while something waits

  ItemList waiting_;
  std::uint64_t waiting_bytes_ = 0;
  std::uint32_t overtakers_ = 0;  // among those waiting and the one being sent
  Codel codel_;

  ItemIndex sending_ = 0;
  // rate: the last bit leaves at end_ and fraction_ / rate_bps_ nanoseconds.
  base::Instant end_{};
  std::uint64_t fraction_ = 0;
  std::uint64_t trace_bytes_left_ = 0;  // trace: of the item being sent
};

}  // namespace warren::impair
