// A ring of bytes between two threads. Positions count bytes since the beginning and never wrap
// (2^64 bytes are centuries of frames); a position modulo the capacity is a place. An entry is
// never split: where the rest up to the end of the memory is too short for it, a filler takes that.
//
// The producer owns `head`, the consumer `tail`; each publishes its own with release and reads the
// other's with acquire, and keeps a copy of the other's, so that the cache line with it is fetched
// only when the copy does not suffice.
#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <type_traits>

#include <warren/base/assert.hpp>
#include <warren/lab/capture.hpp>

namespace warren::lab {
namespace {

constexpr std::size_t kCacheLine = 64;
constexpr std::size_t kAlignment = 8;
constexpr std::uint32_t kFiller = UINT32_MAX;

/// In front of each record's bytes. A filler has the first two fields only.
struct Entry {
  std::uint32_t entry_bytes = 0;  // to the next entry, a multiple of kAlignment
  std::uint32_t captured = 0;     // bytes behind this; kFiller: there is no record
  base::WallTime when;
  impair::Fate fate;
  LinkId link;
  std::uint32_t frame_bytes = 0;
  std::uint8_t direction = 0;
  CaptureRecord::Point point = CaptureRecord::Point::sent;
};
static_assert(std::is_trivially_copyable_v<Entry>);
static_assert(sizeof(Entry) % kAlignment == 0);

constexpr std::size_t padded(std::size_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

}  // namespace

struct CaptureRing::State {
  State(std::size_t capacity_bytes, std::uint32_t snap)
      : snap_bytes(snap),
        capacity(std::bit_ceil(std::max(capacity_bytes, 2 * padded(sizeof(Entry) + snap)))),
        memory(std::make_unique_for_overwrite<std::byte[]>(capacity)) {}

  [[nodiscard]] std::byte* at(std::uint64_t position) const noexcept {
    return memory.get() + (position & (capacity - 1));
  }
  [[nodiscard]] bool has_room(std::uint64_t up_to) noexcept {
    if (up_to - known_tail <= capacity) return true;
    known_tail = tail.load(std::memory_order_acquire);
    return up_to - known_tail <= capacity;
  }

  const std::uint32_t snap_bytes;
  const std::size_t capacity;
  const std::unique_ptr<std::byte[]> memory;
  // The producer's:
  alignas(kCacheLine) std::atomic<std::uint64_t> head = 0;
  std::uint64_t known_tail = 0;
  std::atomic<std::uint64_t> missed = 0;
  // The consumer's:
  alignas(kCacheLine) std::atomic<std::uint64_t> tail = 0;
  std::uint64_t known_head = 0;
  std::uint64_t read = 0;  // behind the record that was handed out
};

CaptureRing::CaptureRing(std::size_t capacity_bytes, std::uint32_t snap_bytes)
    : state_(std::make_unique<State>(capacity_bytes, snap_bytes)) {}

CaptureRing::~CaptureRing() = default;

bool CaptureRing::push(const CaptureRecord& record) noexcept {
  State& state = *state_;
  Entry entry;
  entry.captured =
      static_cast<std::uint32_t>(std::min<std::size_t>(record.bytes.size(), state.snap_bytes));
  entry.entry_bytes = static_cast<std::uint32_t>(padded(sizeof entry + entry.captured));
  entry.when = record.when;
  entry.fate = record.fate;
  entry.link = record.link;
  entry.frame_bytes = record.frame_bytes;
  entry.direction = record.direction;
  entry.point = record.point;

  std::uint64_t head = state.head.load(std::memory_order_relaxed);
  const std::size_t rest = state.capacity - (head & (state.capacity - 1));
  const std::size_t filler = rest < entry.entry_bytes ? rest : 0;
  if (!state.has_room(head + filler + entry.entry_bytes)) {
    state.missed.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  if (filler != 0) {
    const std::uint32_t mark[2] = {static_cast<std::uint32_t>(filler), kFiller};
    std::memcpy(state.at(head), mark, sizeof mark);
    head += filler;
  }
  std::memcpy(state.at(head), &entry, sizeof entry);
  if (entry.captured != 0) {
    std::memcpy(state.at(head) + sizeof entry, record.bytes.data(), entry.captured);
  }
  state.head.store(head + entry.entry_bytes, std::memory_order_release);
  return true;
}

std::optional<CaptureRecord> CaptureRing::pop() noexcept {
  State& state = *state_;
  if (state.tail.load(std::memory_order_relaxed) != state.read) {
    state.tail.store(state.read, std::memory_order_release);
  }
  while (true) {
    if (state.read == state.known_head) {
      state.known_head = state.head.load(std::memory_order_acquire);
      if (state.read == state.known_head) return std::nullopt;
    }
    std::uint32_t mark[2];
    const std::byte* const from = state.at(state.read);
    std::memcpy(mark, from, sizeof mark);
    state.read += mark[0];
    if (mark[1] == kFiller) continue;
    Entry entry;
    std::memcpy(&entry, from, sizeof entry);
    return CaptureRecord{.when = entry.when,
                         .link = entry.link,
                         .direction = entry.direction,
                         .point = entry.point,
                         .fate = entry.fate,
                         .frame_bytes = entry.frame_bytes,
                         .bytes = {from + sizeof entry, entry.captured}};
  }
}

std::uint64_t CaptureRing::missed() const noexcept {
  return state_->missed.load(std::memory_order_relaxed);
}

}  // namespace warren::lab
