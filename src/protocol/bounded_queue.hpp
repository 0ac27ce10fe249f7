// A first-in first-out queue with a fixed bound: what does not fit is refused, nothing is allocated
// after construction.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace warren::protocol {

template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t bound) : slots_(bound) {}
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  [[nodiscard]] bool full() const noexcept { return count_ == slots_.size(); }
  /// False when the queue is full.
  bool push(const T& value) noexcept {
    if (full()) return false;
    slots_[(first_ + count_) % slots_.size()] = value;
    ++count_;
    return true;
  }
  [[nodiscard]] const T& front() const noexcept { return slots_[first_]; }
  void pop() noexcept {
    first_ = (first_ + 1) % slots_.size();
    --count_;
  }
  void clear() noexcept { count_ = 0; }

 private:
  std::vector<T> slots_;
  std::size_t first_ = 0;
  std::size_t count_ = 0;
};

}  // namespace warren::protocol
