#include "alarm.hpp"

#include <algorithm>
#include <utility>

namespace warren::engine {
namespace {

constexpr auto kLater = [](const auto& a, const auto& b) {
  return std::pair(a.when, a.order) > std::pair(b.when, b.order);
};
constexpr Tag kTag{Op::timer, 0, 0};

}  // namespace

WatchId Alarm::call_at(base::Instant when, std::function<void()> fire) {
  const std::uint32_t order = next_order_++ & ~kCallBit;
  calls_.push_back({when, order, std::move(fire)});
  std::push_heap(calls_.begin(), calls_.end(), kLater);
  return WatchId{order | kCallBit};
}

void Alarm::cancel(WatchId id) noexcept {
  const std::uint32_t order = id.value() & ~kCallBit;
  std::erase_if(calls_, [order](const Call& call) { return call.order == order; });
  std::make_heap(calls_.begin(), calls_.end(), kLater);
}

bool Alarm::fire_due(base::Instant now) {
  // Calls made meanwhile wait for the next turn, so that a call which calls itself again does not
  // hold the loop.
  const std::uint32_t until = next_order_;
  bool any = false;
  while (!calls_.empty() && calls_.front().when <= now && calls_.front().order < until) {
    std::pop_heap(calls_.begin(), calls_.end(), kLater);
    const auto fire = std::move(calls_.back().fire);
    calls_.pop_back();
    fire();
    any = true;
  }
  return any;
}

void Alarm::arm(std::optional<base::Instant> device) {
  auto next = device;
  if (!calls_.empty() && (!next || calls_.front().when < *next)) next = calls_.front().when;
  if (!next || (armed_ && *armed_ <= *next)) return;
  const auto since_boot = next->time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_boot);
  when_.tv_sec = seconds.count();
  when_.tv_nsec = (since_boot - seconds).count();
  // Moving a timer that fires at the same moment fails; its completion then has it armed anew.
  if (armed_) {
    ring_.move_timeout(when_, kTag);
  } else {
    ring_.timeout_at(when_, kTag);
  }
  armed_ = next;
}

void Alarm::on_timer(const Completion&) {
  armed_.reset();
}

}  // namespace warren::engine
