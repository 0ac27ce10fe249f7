// A hash table of a fixed number of entries, kept in the order in which they were last touched. All
// memory is inside; nothing is allocated.
//
// Entries are numbered and never move; a ring of 16-bit numbers, twice as many slots as entries,
// finds them by linear probing. Removal closes the gap instead of leaving a tombstone, so that the
// table does not age. The list from least to most recently touched makes ageing cheap: what is old
// is at its front.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "keyed_hash.hpp"

namespace warren::protocol {

/// `Entry` has a member `key` with ==, and a static function hash_of(const KeyedHash&, key).
template <class Entry, std::size_t kEntries>
class BoundedTable {
 public:
  using Index = std::uint16_t;
  static constexpr Index kNone = UINT16_MAX;
  static_assert(kEntries < kNone);

  explicit BoundedTable(std::uint64_t seed) noexcept : hash_(seed) { slots_.fill(kNone); }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool full() const noexcept { return size_ == kEntries; }
  [[nodiscard]] Entry& operator[](Index index) noexcept { return nodes_[index].entry; }
  [[nodiscard]] const Entry& operator[](Index index) const noexcept { return nodes_[index].entry; }
  /// The least recently touched.
  [[nodiscard]] Index oldest() const noexcept { return oldest_; }
  [[nodiscard]] Index newer(Index index) const noexcept { return nodes_[index].newer; }

  [[nodiscard]] Index find(const auto& key) const noexcept {
    for (std::size_t slot = home(key); slots_[slot] != kNone; slot = (slot + 1) % kSlots) {
      if (nodes_[slots_[slot]].entry.key == key) return slots_[slot];
    }
    return kNone;
  }

  /// Adds an entry that find() does not know, as the most recently touched. The table is not full.
  Index add(const Entry& entry) noexcept {
    Index index = free_;
    if (index != kNone) {
      free_ = nodes_[index].newer;
    } else {
      index = used_++;
    }
    nodes_[index].entry = entry;
    append(index);
    std::size_t slot = home(entry.key);
    while (slots_[slot] != kNone) slot = (slot + 1) % kSlots;
    slots_[slot] = index;
    ++size_;
    return index;
  }

  void touch(Index index) noexcept {
    if (index == newest_) return;
    unlink(index);
    append(index);
  }

  void remove(Index index) noexcept {
    std::size_t gap = home(nodes_[index].entry.key);
    while (slots_[gap] != index) gap = (gap + 1) % kSlots;
    // Whatever may live at the gap without being in front of its home moves there.
    for (std::size_t at = (gap + 1) % kSlots; slots_[at] != kNone; at = (at + 1) % kSlots) {
      const std::size_t wanted = home(nodes_[slots_[at]].entry.key);
      if ((at - wanted) % kSlots >= (at - gap) % kSlots) {
        slots_[gap] = slots_[at];
        gap = at;
      }
    }
    slots_[gap] = kNone;
    unlink(index);
    nodes_[index].newer = free_;
    free_ = index;
    --size_;
  }

 private:
  static constexpr std::size_t kSlots = std::bit_ceil(2 * kEntries);

  struct Node {
    Entry entry;
    Index older;
    Index newer;
  };

  [[nodiscard]] std::size_t home(const auto& key) const noexcept {
    return static_cast<std::size_t>(Entry::hash_of(hash_, key)) % kSlots;
  }

  void append(Index index) noexcept {
    nodes_[index].older = newest_;
    nodes_[index].newer = kNone;
    (newest_ == kNone ? oldest_ : nodes_[newest_].newer) = index;
    newest_ = index;
  }

  void unlink(Index index) noexcept {
    const Index older = nodes_[index].older;
    const Index newer = nodes_[index].newer;
    (older == kNone ? oldest_ : nodes_[older].newer) = newer;
    (newer == kNone ? newest_ : nodes_[newer].older) = older;
  }

  KeyedHash hash_;
  std::size_t size_ = 0;
  Index oldest_ = kNone;
  Index newest_ = kNone;
  Index free_ = kNone;  // a list through `newer`
  Index used_ = 0;      // nodes behind it were never used
  std::array<Index, kSlots> slots_;
  std::array<Node, kEntries> nodes_;
};

}  // namespace warren::protocol
