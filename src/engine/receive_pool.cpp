#include "receive_pool.hpp"

#include <sys/mman.h>

#include <warren/base/assert.hpp>

namespace warren::engine {

ReceivePool::ReceivePool(Ring& ring, std::uint16_t group, std::uint32_t slots,
                         std::size_t slot_bytes, bool provided)
    : ring_(ring), group_(group), arena_(slots, slot_bytes) {
  if (!provided) return;
  ring_bytes_ = slots * sizeof(io_uring_buf);
  void* memory =
      ::mmap(nullptr, ring_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return;
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uintptr_t>(memory);
  registration.ring_entries = slots;
  registration.bgid = group;
  if (ring_.register_buffer_ring(registration) != 0) {
    ::munmap(memory, ring_bytes_);
    return;
  }
  ring_memory_ = static_cast<io_uring_buf_ring*>(memory);
  io_uring_buf_ring_init(ring_memory_);
  publish();
}

ReceivePool::~ReceivePool() {
  if (ring_memory_ == nullptr) return;
  ring_.unregister_buffer_ring(group_);
  ::munmap(ring_memory_, ring_bytes_);
}

void ReceivePool::withdraw() noexcept {
  if (ring_memory_ == nullptr) return;
  ring_.unregister_buffer_ring(group_);
  ::munmap(ring_memory_, ring_bytes_);
  ring_memory_ = nullptr;
  for (std::uint32_t index = 0; index < arena_.slots(); ++index) {
    const SlotIndex slot{index};
    if (arena_.state(slot) != SlotState::kernel_receiving) continue;
    arena_.received(slot);
    arena_.drop(slot);
  }
}

SlotIndex ReceivePool::received(std::uint16_t buffer, std::size_t bytes) noexcept {
  WARREN_ASSERT(buffer < arena_.slots(), "buffer={}", buffer);
  mean_bytes_ = (mean_bytes_ * 7 + bytes) / 8;
  const SlotIndex slot{buffer};
  arena_.received(slot);
  return slot;
}

void ReceivePool::provide(SlotIndex slot, int offset) noexcept {
  arena_.give_to_receive(slot);
  const auto bytes = arena_.bytes(slot);
  io_uring_buf_ring_add(ring_memory_, bytes.data(), static_cast<unsigned>(bytes.size()),
                        static_cast<unsigned short>(slot.value()),
                        io_uring_buf_ring_mask(arena_.slots()), offset);
}

void ReceivePool::publish() noexcept {
  if (ring_memory_ == nullptr) return;
  const std::uint32_t wanted = mean_bytes_ > kLargeBytes ? kFewSlots : arena_.slots();
  int provided = 0;
  while (arena_.count(SlotState::kernel_receiving) < wanted) {
    const auto slot = arena_.take();
    if (!slot) break;
    provide(*slot, provided++);
  }
  if (provided > 0) io_uring_buf_ring_advance(ring_memory_, provided);
}

}  // namespace warren::engine
