// Slots that the kernel fills: an arena, and where the kernel has it the ring of provided buffers
// from which multishot operations pick.
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

  /// The kernel filled provided buffer `buffer`: it is ours, with one use.
  SlotIndex received(std::uint16_t buffer) noexcept;
  /// One use less; with the last one the slot goes back to the kernel (with publish()).
  void drop(SlotIndex slot) noexcept;
  /// Makes the slots that came back visible to the kernel.
  void publish() noexcept;

 private:
  void provide(SlotIndex slot) noexcept;

  Ring& ring_;
  std::uint16_t group_;
  BufferArena arena_;
  std::size_t ring_bytes_ = 0;
  io_uring_buf_ring* ring_memory_ = nullptr;
  int unpublished_ = 0;
};

}  // namespace warren::engine
