// Theory of operation
//
// The window is a ring of 64-bit blocks; counter c owns bit c % 64 of block c / 64 (modulo the
// ring). Moving the leading edge into a new block clears that block, and the ones skipped, as a
// whole: no bits are shifted. The price is that up to one block of the ring belongs to both edges,
// so only 8192 - 64 counters behind the highest one can be told apart. The span is the same
// wherever in its block the leading edge stands, so that what is accepted depends on distance
// alone.
//
// The lock is held for a few instructions. It is there so that several threads may decrypt packets
// of one session; with one thread it costs an uncontended exchange.
#include <algorithm>

#include <warren/protocol/replay_window.hpp>

namespace warren::protocol {

void ReplayWindow::lock() noexcept {
  while (locked_.test_and_set(std::memory_order_acquire)) {
    while (locked_.test(std::memory_order_relaxed)) {
#if defined(__x86_64__)
      __builtin_ia32_pause();
#endif
    }
  }
}

bool ReplayWindow::check_and_set(std::uint64_t counter) noexcept {
  // Also keeps next_ = counter + 1 from wrapping.
  if (counter >= kRejectAfterMessages) return false;
  const std::uint64_t block = counter / 64;
  const std::uint64_t bit = std::uint64_t{1} << (counter % 64);

  lock();
  bool fresh = false;
  if (counter >= next_) {
    // With nothing seen yet all blocks are clear; otherwise clear those that the edge moves into.
    if (next_ > 0) {
      const std::uint64_t current = (next_ - 1) / 64;
      const std::uint64_t moved = std::min<std::uint64_t>(block - current, kBlocks);
      for (std::uint64_t i = 1; i <= moved; ++i) seen_[(current + i) % kBlocks] = 0;
    }
    next_ = counter + 1;
    fresh = true;
  } else if (next_ - 1 - counter <= kSpan) {
    fresh = (seen_[block % kBlocks] & bit) == 0;
  }
  if (fresh) seen_[block % kBlocks] |= bit;
  unlock();
  return fresh;
}

void ReplayWindow::reset() noexcept {
  lock();
  seen_.fill(0);
  next_ = 0;
  unlock();
}

}  // namespace warren::protocol
