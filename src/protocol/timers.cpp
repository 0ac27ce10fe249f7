#include <algorithm>
#include <utility>

#include <warren/protocol/peer.hpp>
#include <warren/protocol/timers.hpp>

namespace warren::protocol {

base::Instant PeerTimers::earliest() const noexcept {
  return *std::ranges::min_element(deadlines_);
}

std::optional<Timer> PeerTimers::take_due(base::Instant now) noexcept {
  const auto first = std::ranges::min_element(deadlines_);
  if (*first == kNever || *first > now) return std::nullopt;
  *first = kNever;
  return static_cast<Timer>(first - deadlines_.begin());
}

void TimerQueue::schedule(Peer& peer) noexcept {
  const base::Instant earliest = peer.timers.earliest();
  if (earliest == PeerTimers::kNever) {
    remove(peer);
  } else if (peer.timer_position == Peer::kNotQueued) {
    heap_.push_back({});
    place(heap_.size() - 1, {.at = earliest, .peer = &peer});
    sift_up(heap_.size() - 1);
  } else if (earliest < heap_[peer.timer_position].at) {
    heap_[peer.timer_position].at = earliest;
    sift_up(peer.timer_position);
  }
}

void TimerQueue::remove(Peer& peer) noexcept {
  const std::size_t position = std::exchange(peer.timer_position, Peer::kNotQueued);
  if (position == Peer::kNotQueued) return;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (position == heap_.size()) return;
  place(position, last);
  sift_up(position);
  sift_down(last.peer->timer_position);
}

std::optional<base::Instant> TimerQueue::next() const noexcept {
  if (heap_.empty()) return std::nullopt;
  return heap_.front().at;
}

Peer* TimerQueue::next_due(base::Instant now) noexcept {
  while (!heap_.empty() && heap_.front().at <= now) {
    Peer& peer = *heap_.front().peer;
    const base::Instant earliest = peer.timers.earliest();
    if (earliest <= now) return &peer;
    if (earliest == PeerTimers::kNever) {
      remove(peer);
    } else {
      heap_.front().at = earliest;
      sift_down(0);
    }
  }
  return nullptr;
}

void TimerQueue::place(std::size_t position, const Entry& entry) noexcept {
  heap_[position] = entry;
  entry.peer->timer_position = position;
}

void TimerQueue::sift_up(std::size_t position) noexcept {
  const Entry entry = heap_[position];
  while (position > 0) {
    const std::size_t parent = (position - 1) / 2;
    if (heap_[parent].at <= entry.at) break;
    place(position, heap_[parent]);
    position = parent;
  }
  place(position, entry);
}

void TimerQueue::sift_down(std::size_t position) noexcept {
  const Entry entry = heap_[position];
  for (;;) {
    std::size_t child = 2 * position + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1].at < heap_[child].at) ++child;
    if (entry.at <= heap_[child].at) break;
    place(position, heap_[child]);
    position = child;
  }
  place(position, entry);
}

}  // namespace warren::protocol
