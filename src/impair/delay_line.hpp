// The way behind the queue: frames that travel for their delay. Those that keep the order wait for
// the ones before them; those that overtake leave when their own time comes.
#pragma once

#include <cstdint>
#include <optional>

#include <warren/base/time.hpp>

#include "item_pool.hpp"
#include "pages.hpp"

namespace warren::impair {

class DelayLine {
 public:
  /// `items` bounds what is on the way at once. Borrows the pool.
  DelayLine(ItemPool& pool, std::uint32_t items) noexcept;

  /// The item begins its travel; sets Item::at to when it leaves.
  void enter(ItemIndex index, base::Instant now) noexcept;
  /// When an item would leave that begins at `now`.
  [[nodiscard]] base::Instant leaves_at(const Item& item, base::Instant now) const noexcept;
  [[nodiscard]] std::optional<base::Instant> next_due() const noexcept;
  /// The next item that leaves at or before `now`, 0 if none does.
  ItemIndex take(base::Instant now) noexcept;

 private:
  struct Overtaker {
    base::Instant due;
    std::uint64_t order;
    ItemIndex index;
  };
  static bool later(const Overtaker& a, const Overtaker& b) noexcept;

  ItemPool& pool_;
  ItemList in_order_;
  base::Instant latest_ = base::Instant::min();  // when the last of them leaves
  PageArray<Overtaker> overtakers_;              // a heap, the earliest first
  std::uint32_t overtaker_count_ = 0;
  std::uint64_t order_ = 0;
};

}  // namespace warren::impair
