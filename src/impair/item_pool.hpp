// The frames on their way, or rather the copies of them: where each stands and where it goes.
#pragma once

#include <cstdint>

#include <warren/base/time.hpp>
#include <warren/impair/pipeline.hpp>

#include "pages.hpp"

namespace warren::impair {

/// 0: none.
using ItemIndex = std::uint32_t;

struct Item {
  FrameHandle frame;
  std::uint32_t bytes = 0;          ///< of the whole frame: what queue and rate count
  std::uint32_t payload_bytes = 0;  ///< behind the Ethernet header: what a trace counts
  ItemIndex next = 0;               ///< in the list that it is on
  ItemIndex twin = 0;               ///< the other copy of the same frame, while both are here
  bool overtakes = false;           ///< does not keep the order
  bool spared = false;              ///< recorded as passed: CoDel lets it go
  base::Instant at;                 ///< came into the queue; then: leaves the pipeline
  base::Duration travel{};          ///< from the queue's end to the pipeline's
};

/// Bounded by construction; the item given back last is taken first, while it is in the cache.
class ItemPool {
 public:
  explicit ItemPool(std::uint32_t capacity) noexcept;
  /// The caller sees to it that no more than the capacity are taken.
  ItemIndex take() noexcept;
  void give_back(ItemIndex index) noexcept;
  Item& operator[](ItemIndex index) noexcept { return items_[index]; }
  const Item& operator[](ItemIndex index) const noexcept { return items_[index]; }

 private:
  PageArray<Item> items_;  // items_[0] is none
  ItemIndex free_ = 0;     // linked by next
  ItemIndex untouched_ = 1;
};

/// First in, first out, linked by Item::next.
class ItemList {
 public:
  [[nodiscard]] bool empty() const noexcept { return first_ == 0; }
  [[nodiscard]] ItemIndex front() const noexcept { return first_; }
  void push(ItemPool& pool, ItemIndex index) noexcept;
  /// 0 when empty.
  ItemIndex pop(ItemPool& pool) noexcept;

 private:
  ItemIndex first_ = 0;
  ItemIndex last_ = 0;
};

}  // namespace warren::impair
