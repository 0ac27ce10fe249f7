#include "item_pool.hpp"

#include <warren/base/assert.hpp>

namespace warren::impair {

ItemPool::ItemPool(std::uint32_t capacity) noexcept : items_(std::size_t{capacity} + 1) {}

ItemIndex ItemPool::take() noexcept {
  const ItemIndex index = free_ != 0 ? free_ : untouched_++;
  WARREN_ASSERT(index < items_.size(), "index={} size={}", index, items_.size());
  free_ = items_[index].next;  // 0 in an item never touched
  items_[index] = Item{};
  return index;
}

void ItemPool::give_back(ItemIndex index) noexcept {
  items_[index].next = free_;
  free_ = index;
}

void ItemList::push(ItemPool& pool, ItemIndex index) noexcept {
  pool[index].next = 0;
  if (first_ == 0)
    first_ = index;
  else
    pool[last_].next = index;
  last_ = index;
}

ItemIndex ItemList::pop(ItemPool& pool) noexcept {
  const ItemIndex index = first_;
  if (index != 0) first_ = pool[index].next;
  return index;
}

}  // namespace warren::impair
