// Fixed slots of memory, mapped once. Every slot is in exactly one state, and the sum is asserted:
// a lost buffer is a bug that shows at once, not after an hour.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <warren/base/bytes.hpp>
#include <warren/base/strong_id.hpp>

namespace warren::engine {

struct SlotIndexTag;
using SlotIndex = base::StrongId<SlotIndexTag, std::uint32_t>;

enum class SlotState : std::uint8_t {
  free,
  kernel_receiving,  ///< the kernel may write into it at any time
  core,              ///< ours to read and write
  kernel_sending,    ///< an operation reads from it
};
inline constexpr std::size_t kSlotStates = 4;

class BufferArena {
 public:
  /// Maps `slots` * `slot_bytes` bytes (a multiple of the page size). Throws base::SystemError.
  BufferArena(std::uint32_t slots, std::size_t slot_bytes);
  BufferArena(const BufferArena&) = delete;
  BufferArena& operator=(const BufferArena&) = delete;
  ~BufferArena();

  [[nodiscard]] std::uint32_t slots() const noexcept { return slots_; }
  [[nodiscard]] std::size_t slot_bytes() const noexcept { return slot_bytes_; }
  [[nodiscard]] base::Bytes memory() const noexcept { return {memory_, slots_ * slot_bytes_}; }
  [[nodiscard]] base::Bytes bytes(SlotIndex slot) const noexcept {
    return {memory_ + slot.value() * slot_bytes_, slot_bytes_};
  }
  /// The slot that `inside` points into.
  [[nodiscard]] SlotIndex slot_of(const void* inside) const noexcept;

  [[nodiscard]] SlotState state(SlotIndex slot) const noexcept { return states_[slot.value()]; }
  [[nodiscard]] std::uint32_t count(SlotState state) const noexcept {
    return counts_[static_cast<std::size_t>(state)];
  }

  /// free -> core, with one use. Empty when none is free. The slot freed last comes first: it is
  /// warm in the cache.
  std::optional<SlotIndex> take() noexcept;
  /// core or free -> kernel receiving.
  void give_to_receive(SlotIndex slot) noexcept;
  /// kernel receiving -> core, with one use.
  void received(SlotIndex slot) noexcept;
  /// One more use of a slot that is not the kernel's to write to.
  void hold(SlotIndex slot) noexcept;
  /// One more use by an operation that reads from it; core -> kernel sending.
  void hold_for_sending(SlotIndex slot) noexcept;
  /// One use less; with the last one the slot becomes free and true is returned.
  bool drop(SlotIndex slot) noexcept;

 private:
  void move(SlotIndex slot, SlotState to) noexcept;

  std::uint32_t slots_;
  std::size_t slot_bytes_;
  std::byte* memory_ = nullptr;
  std::vector<SlotState> states_;
  std::vector<std::uint16_t> uses_;
  std::vector<SlotIndex> free_;
  std::uint32_t counts_[kSlotStates] = {};
};

}  // namespace warren::engine
