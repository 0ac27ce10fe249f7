// Controlled delay: RFC 8289, section 5. A queue that stands for an interval, however short, loses
// frames at a growing rate until it stands no more.
#pragma once

#include <cstdint>

#include <warren/base/time.hpp>

#include "item_pool.hpp"

namespace warren::impair {

class Codel {
 public:
  /// What the queue handed over, and what it still holds.
  struct Taken {
    ItemIndex item = 0;  ///< 0: it was empty
    base::Duration sojourn{};
    std::uint64_t bytes_behind = 0;
    bool spared = false;  ///< not to be dropped
  };

  void configure(base::Duration target, base::Duration interval) noexcept {
    target_ = target;
    interval_ = interval;
  }
  /// No queue to control any more: forgets what it knew.
  void reset() noexcept;
  void saw(std::uint32_t frame_bytes) noexcept {
    if (frame_bytes > largest_frame_) largest_frame_ = frame_bytes;
  }

  /// The frame that leaves the queue at `now`, 0 when none is left. `take()` is the queue's Taken;
  /// `drop(ItemIndex)` gets those that do not survive.
  template <class Take, class Drop>
  ItemIndex dequeue(base::Instant now, Take&& take, Drop&& drop) {
    Taken taken = take();
    bool droppable = may_drop(now, taken);
    if (dropping_) {
      if (!droppable) dropping_ = false;
      while (dropping_ && now >= drop_next_) {
        drop(taken.item);
        ++count_;
        taken = take();
        droppable = may_drop(now, taken);
        if (droppable)
          drop_next_ = control_law(drop_next_);
        else
          dropping_ = false;
      }
    } else if (droppable) {
      drop(taken.item);
      taken = take();
      may_drop(now, taken);
      begin_dropping(now);
    }
    return taken.item;
  }

 private:
  /// RFC 8289, 5.4: whether the queue has stood above the target for an interval.
  bool may_drop(base::Instant now, const Taken& taken) noexcept;
  /// RFC 8289, 5.5: the first drop of a new spell.
  void begin_dropping(base::Instant now) noexcept;
  /// RFC 8289, 5.3: the distance to the next drop shrinks with the square root of their number.
  [[nodiscard]] base::Instant control_law(base::Instant from) const noexcept;

  base::Duration target_{};
  base::Duration interval_{};
  std::uint32_t largest_frame_ = 0;
  bool above_ = false;  // the sojourn is above the target, and first_above_ means something
  base::Instant first_above_{};
  bool dropping_ = false;
  base::Instant drop_next_{};
  std::uint32_t count_ = 0;
  std::uint32_t last_count_ = 0;
};

}  // namespace warren::impair
