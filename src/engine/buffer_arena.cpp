#include "buffer_arena.hpp"

#include <sys/mman.h>

#include <cerrno>

#include <warren/base/assert.hpp>
#include <warren/base/error.hpp>

namespace warren::engine {

BufferArena::BufferArena(std::uint32_t slots, std::size_t slot_bytes)
    : slots_(slots), slot_bytes_(slot_bytes), states_(slots, SlotState::free), uses_(slots, 0) {
  void* memory = ::mmap(nullptr, slots * slot_bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw base::SystemError("mapping", "packet buffers", errno);
  memory_ = static_cast<std::byte*>(memory);
  free_.reserve(slots);
  for (std::uint32_t index = slots; index > 0; --index) free_.emplace_back(index - 1);
  counts_[static_cast<std::size_t>(SlotState::free)] = slots;
}

BufferArena::~BufferArena() {
  ::munmap(memory_, slots_ * slot_bytes_);
}

SlotIndex BufferArena::slot_of(const void* inside) const noexcept {
  const auto offset = static_cast<std::size_t>(static_cast<const std::byte*>(inside) - memory_);
  WARREN_ASSERT(offset < slots_ * slot_bytes_, "offset={}", offset);
  return SlotIndex{static_cast<std::uint32_t>(offset / slot_bytes_)};
}

void BufferArena::move(SlotIndex slot, SlotState to) noexcept {
  SlotState& state = states_[slot.value()];
  --counts_[static_cast<std::size_t>(state)];
  ++counts_[static_cast<std::size_t>(to)];
  state = to;
  WARREN_ASSERT(counts_[0] + counts_[1] + counts_[2] + counts_[3] == slots_,
                "free={} receiving={} core={} sending={} of {}", counts_[0], counts_[1], counts_[2],
                counts_[3], slots_);
}

std::optional<SlotIndex> BufferArena::take() noexcept {
  if (free_.empty()) return std::nullopt;
  const SlotIndex slot = free_.back();
  free_.pop_back();
  WARREN_ASSERT(state(slot) == SlotState::free && uses_[slot.value()] == 0, "slot={}",
                slot.value());
  uses_[slot.value()] = 1;
  move(slot, SlotState::core);
  return slot;
}

void BufferArena::give_to_receive(SlotIndex slot) noexcept {
  WARREN_ASSERT(state(slot) == SlotState::core && uses_[slot.value()] == 1, "slot={} uses={}",
                slot.value(), uses_[slot.value()]);
  move(slot, SlotState::kernel_receiving);
}

void BufferArena::received(SlotIndex slot) noexcept {
  WARREN_ASSERT(state(slot) == SlotState::kernel_receiving, "slot={} state={}", slot.value(),
                static_cast<int>(state(slot)));
  move(slot, SlotState::core);
}

void BufferArena::hold(SlotIndex slot) noexcept {
  const SlotState now = state(slot);
  WARREN_ASSERT(now == SlotState::core || now == SlotState::kernel_sending, "slot={} state={}",
                slot.value(), static_cast<int>(now));
  WARREN_ASSERT(uses_[slot.value()] < UINT16_MAX, "slot={}", slot.value());
  ++uses_[slot.value()];
}

void BufferArena::hold_for_sending(SlotIndex slot) noexcept {
  hold(slot);
  if (state(slot) == SlotState::core) move(slot, SlotState::kernel_sending);
}

bool BufferArena::drop(SlotIndex slot) noexcept {
  WARREN_ASSERT(uses_[slot.value()] > 0, "slot={}", slot.value());
  const SlotState now = state(slot);
  WARREN_ASSERT(now == SlotState::core || now == SlotState::kernel_sending, "slot={} state={}",
                slot.value(), static_cast<int>(now));
  if (--uses_[slot.value()] > 0) return false;
  move(slot, SlotState::free);
  free_.push_back(slot);
  return true;
}

}  // namespace warren::engine
