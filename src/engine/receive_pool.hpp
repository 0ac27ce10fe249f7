// Slots that the kernel fills: an arena, and where the kernel has it the ring of provided buffers
// from which multishot operations pick.
//
// The kernel takes provided slots in turn, so each comes round after all the others. With many slots
// and large packets none is in the processor's cache any more by then; few slots, those freed last,
// stay warm. Small packets touch little of a slot, and a burst of them wants many. So how many slots
// are provided follows the size of what came in lately.
#pragma once

#include <cstdint>
#include <optional>

#include "buffer_arena.hpp"
#include "ring.hpp"

namespace warren::engine {

class ReceivePool {
 public:
  /// `slots` is a power of two (the kernel's rule for rings of provided buffers). With `provided`
  /// the slots are offered to multishot operations as `group`, unless the kernel refuses.
  ReceivePool(Ring& ring, std::uint16_t group, std::uint32_t slots, std::size_t slot_bytes,
              bool provided);
  ReceivePool(const ReceivePool&) = delete;
  ReceivePool& operator=(const ReceivePool&) = delete;
  ~ReceivePool();

  [[nodiscard]] BufferArena& arena() noexcept { return arena_; }
  [[nodiscard]] std::uint16_t group() const noexcept { return group_; }
  /// Whether multishot operations can be used.
  [[nodiscard]] bool provided() const noexcept { return ring_memory_ != nullptr; }
  /// Takes the slots back from the kernel, for single-shot operations. No operation uses them now.
  void withdraw() noexcept;

  /// The kernel put `bytes` into provided buffer `buffer`: it is ours, with one use.
  SlotIndex received(std::uint16_t buffer, std::size_t bytes) noexcept;
  /// One use less; with the last one the slot is free, and may go back to the kernel with publish().
  void drop(SlotIndex slot) noexcept { arena_.drop(slot); }
  /// Offers free slots to the kernel.
  void publish() noexcept;

 private:
  static constexpr std::uint32_t kFewSlots = 8;
  static constexpr std::size_t kLargeBytes = 8192;

  /// Puts `slot` behind the `offset` slots that were added since the last advance.
  void provide(SlotIndex slot, int offset) noexcept;

  Ring& ring_;
  std::uint16_t group_;
  BufferArena arena_;
  std::size_t ring_bytes_ = 0;
  io_uring_buf_ring* ring_memory_ = nullptr;
  std::size_t mean_bytes_ = 0;  // of what came in lately
};

}  // namespace warren::engine
