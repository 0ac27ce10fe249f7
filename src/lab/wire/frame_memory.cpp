// A page belongs to nobody, or to a size class as long as one of its slots is used. Pages of a
// class with room are in a list; the last frame out gives the page back. The page that was given
// back last is used first: it is warm, and memory that was never touched stays so.
#include "frame_memory.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <new>

#include <warren/base/assert.hpp>
#include <warren/base/error.hpp>

namespace warren::lab {

FrameMemory::FrameMemory(std::size_t bytes)
    : pages_(std::max<std::size_t>(1, (bytes + kPageBytes - 1) / kPageBytes)) {
  WARREN_ASSERT(pages_.size() < std::size_t{1} << (32 - kSlotBits), "bytes={}", bytes);
  // NORESERVE: what is never used is not counted, where the machine counts strictly.
  void* memory = ::mmap(nullptr, capacity_bytes(), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw base::SystemError("mapping", "memory for frames", errno);
  memory_ = static_cast<std::byte*>(memory);
  with_room_.fill(kNone);
  free_pages_.reserve(pages_.size());
  for (auto page = static_cast<std::uint32_t>(pages_.size()); page > 0; --page) {
    free_pages_.push_back(page - 1);
  }
}

FrameMemory::~FrameMemory() {
  ::munmap(memory_, capacity_bytes());
}

std::size_t FrameMemory::capacity_bytes() const noexcept {
  return pages_.size() * kPageBytes;
}

FrameMemory::Slot* FrameMemory::slot_at(std::uint32_t page, std::uint32_t slot) const noexcept {
  std::byte* const at =
      memory_ + page * kPageBytes + std::size_t{slot} * kClasses[pages_[page].size_class];
  return std::launder(reinterpret_cast<Slot*>(at));
}

FrameMemory::Slot* FrameMemory::slot_of(impair::FrameHandle handle) const noexcept {
  const std::uint32_t page = handle.value() >> kSlotBits;
  const std::uint32_t slot = handle.value() & ((1U << kSlotBits) - 1);
  WARREN_ASSERT(page < pages_.size() && slot < pages_[page].fresh, "handle={:#x}", handle.value());
  return slot_at(page, slot);
}

void FrameMemory::link(std::uint32_t page) noexcept {
  std::uint32_t& first = with_room_[pages_[page].size_class];
  pages_[page].previous = kNone;
  pages_[page].next = first;
  if (first != kNone) pages_[first].previous = page;
  first = page;
}

void FrameMemory::unlink(std::uint32_t page) noexcept {
  const Page& it = pages_[page];
  if (it.next != kNone) pages_[it.next].previous = it.previous;
  (it.previous != kNone ? pages_[it.previous].next : with_room_[it.size_class]) = it.next;
}

/// A page of the class that has a free slot; kNone when the memory is used up.
std::uint32_t FrameMemory::page_with_room(std::uint8_t size_class) noexcept {
  if (with_room_[size_class] != kNone) return with_room_[size_class];
  if (free_pages_.empty()) return kNone;
  const std::uint32_t page = free_pages_.back();
  free_pages_.pop_back();
  pages_[page] = Page{};
  pages_[page].size_class = size_class;
  link(page);
  return page;
}

std::optional<impair::FrameHandle> FrameMemory::take(std::size_t length) noexcept {
  WARREN_ASSERT(length <= kMostBytes, "length={}", length);
  std::uint8_t size_class = 0;
  while (kClasses[size_class] < kFrameOffset + length) ++size_class;
  const std::uint32_t index = page_with_room(size_class);
  if (index == kNone) return std::nullopt;
  Page& page = pages_[index];
  std::uint16_t number = page.free;
  if (number == kNoSlot) {
    number = page.fresh++;
  } else {
    page.free = static_cast<std::uint16_t>(slot_at(index, number)->length);
  }
  if (++page.used == slots_in(page)) unlink(index);
  Slot* const slot = ::new (slot_at(index, number)) Slot;
  slot->length = static_cast<std::uint32_t>(length);
  ++frames_;
  return impair::FrameHandle{index << kSlotBits | number};
}

void FrameMemory::release(impair::FrameHandle handle) noexcept {
  Slot* const slot = slot_of(handle);
  const std::uint32_t index = handle.value() >> kSlotBits;
  Page& page = pages_[index];
  WARREN_ASSERT(page.used > 0 && frames_ > 0, "handle={:#x} frames={}", handle.value(), frames_);
  const bool was_full = page.used == slots_in(page);
  --frames_;
  slot->length = page.free;
  page.free = static_cast<std::uint16_t>(handle.value() & ((1U << kSlotBits) - 1));
  if (--page.used == 0) {
    if (!was_full) unlink(index);
    free_pages_.push_back(index);
  } else if (was_full) {
    link(index);
  }
}

base::Bytes FrameMemory::bytes(impair::FrameHandle handle) const noexcept {
  Slot* const slot = slot_of(handle);
  return {reinterpret_cast<std::byte*>(slot) + kFrameOffset, slot->length};
}

impair::Fate& FrameMemory::fate(impair::FrameHandle handle) const noexcept {
  return slot_of(handle)->fate;
}

}  // namespace warren::lab
