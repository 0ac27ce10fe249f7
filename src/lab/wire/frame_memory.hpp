// The memory of frames on their way: pages, each cut into slots of one size as frames of that size
// come, so that a frame of 60 bytes takes 128 and not what the longest would. Mapped once and
// bounded; pages that were never needed cost nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <warren/base/bytes.hpp>
#include <warren/impair/pipeline.hpp>

namespace warren::lab {

class FrameMemory {
 public:
  /// The longest frame: an IP packet of 65,535 bytes behind an Ethernet header with two tags.
  static constexpr std::size_t kMostBytes = 65535 + 14 + 8;

  /// `bytes` is rounded up to pages. Throws base::SystemError.
  explicit FrameMemory(std::size_t bytes);
  FrameMemory(const FrameMemory&) = delete;
  FrameMemory& operator=(const FrameMemory&) = delete;
  ~FrameMemory();

  /// Room for a frame of `length` bytes, at most kMostBytes; empty when there is none.
  std::optional<impair::FrameHandle> take(std::size_t length) noexcept;
  void release(impair::FrameHandle handle) noexcept;

  [[nodiscard]] base::Bytes bytes(impair::FrameHandle handle) const noexcept;
  /// What was decided about the frame; the owner's to set.
  [[nodiscard]] impair::Fate& fate(impair::FrameHandle handle) const noexcept;

  [[nodiscard]] std::uint64_t frames() const noexcept { return frames_; }
  [[nodiscard]] std::size_t capacity_bytes() const noexcept;

 private:
  /// In front of each frame. A free slot has the number of the next one in `length`.
  struct Slot {
    impair::Fate fate;
    std::uint32_t length = 0;
  };
  struct Page {
    std::uint32_t previous = kNone;  // of the pages of its class with room
    std::uint32_t next = kNone;
    std::uint16_t used = 0;
    std::uint16_t fresh = 0;  // slots from here on were never used
    std::uint16_t free = kNoSlot;
    std::uint8_t size_class = 0;
  };

  static constexpr std::size_t kPageBytes = std::size_t{68} * 1024;
  /// Two bytes beyond the Slot: the IP header behind an Ethernet header is aligned then.
  static constexpr std::size_t kFrameOffset = sizeof(Slot) + 2;
  static constexpr std::array<std::uint32_t, 12> kClasses{128,  192,  256,  512,   1024,  1600,
                                                          2304, 4608, 9216, 17408, 34816, 69632};
  static constexpr unsigned kSlotBits = 10;  // of a handle
  static constexpr std::uint32_t kNone = UINT32_MAX;
  static constexpr std::uint16_t kNoSlot = UINT16_MAX;
  static_assert(kClasses.back() == kPageBytes);
  static_assert(kFrameOffset + kMostBytes <= kPageBytes);
  static_assert(kPageBytes / kClasses.front() <= std::size_t{1} << kSlotBits);

  static std::uint32_t slots_in(const Page& page) noexcept {
    return static_cast<std::uint32_t>(kPageBytes) / kClasses[page.size_class];
  }
  [[nodiscard]] Slot* slot_at(std::uint32_t page, std::uint32_t slot) const noexcept;
  [[nodiscard]] Slot* slot_of(impair::FrameHandle handle) const noexcept;
  std::uint32_t page_with_room(std::uint8_t size_class) noexcept;
  void link(std::uint32_t page) noexcept;
  void unlink(std::uint32_t page) noexcept;

  std::byte* memory_ = nullptr;
  std::vector<Page> pages_;
  std::vector<std::uint32_t> free_pages_;
  std::array<std::uint32_t, kClasses.size()> with_room_{};  // of each class, the first page
  std::uint64_t frames_ = 0;
};

}  // namespace warren::lab
