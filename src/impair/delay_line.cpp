#include "delay_line.hpp"

#include <algorithm>

namespace warren::impair {

DelayLine::DelayLine(ItemPool& pool, std::uint32_t items) noexcept
    : pool_(pool), overtakers_(items) {}

bool DelayLine::later(const Overtaker& a, const Overtaker& b) noexcept {
  return a.due != b.due ? a.due > b.due : a.order > b.order;
}

base::Instant DelayLine::leaves_at(const Item& item, base::Instant now) const noexcept {
  const base::Instant own = now + item.travel;
  return item.overtakes ? own : std::max(own, latest_);
}

void DelayLine::enter(ItemIndex index, base::Instant now) noexcept {
  Item& item = pool_[index];
  item.at = leaves_at(item, now);
  if (!item.overtakes) {
    latest_ = item.at;
    in_order_.push(pool_, index);
    return;
  }
  overtakers_[overtaker_count_++] = {item.at, order_++, index};
  std::push_heap(overtakers_.data(), overtakers_.data() + overtaker_count_, later);
}

std::optional<base::Instant> DelayLine::next_due() const noexcept {
  std::optional<base::Instant> due;
  if (!in_order_.empty()) due = pool_[in_order_.front()].at;
  if (overtaker_count_ > 0 && (!due || overtakers_[0].due < *due)) due = overtakers_[0].due;
  return due;
}

ItemIndex DelayLine::take(base::Instant now) noexcept {
  const auto due = next_due();
  if (!due || *due > now) return 0;
  if (overtaker_count_ == 0 || overtakers_[0].due > *due) return in_order_.pop(pool_);
  const ItemIndex index = overtakers_[0].index;
  std::pop_heap(overtakers_.data(), overtakers_.data() + overtaker_count_, later);
  --overtaker_count_;
  return index;
}

}  // namespace warren::impair
