// Theory of operation
//
// A packet is a chain of blocks; its first block names the next packet of the same peer. The chains
// live in headers beside the data, so that taking and freeing blocks touches no page of data.
// Blocks that were used once are taken again before untouched ones: a burst costs memory, a trickle
// does not.
#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include <warren/base/assert.hpp>
#include <warren/protocol/staging.hpp>

namespace warren::protocol {

StagingArena::StagingArena()
    // Not value-initialised: writing zeros would touch every page.
    : bytes_(new (std::nothrow) std::byte[kBlocks * kBlockBytes]),
      headers_(new (std::nothrow) Header[kBlocks]) {
  if (bytes_ && headers_) free_blocks_ = kBlocks;
}
StagingArena::StagingArena(StagingArena&&) noexcept = default;
StagingArena& StagingArena::operator=(StagingArena&&) noexcept = default;
StagingArena::~StagingArena() = default;

std::size_t StagingArena::blocks_for(std::size_t bytes) noexcept {
  return std::max<std::size_t>(1, (bytes + kBlockBytes - 1) / kBlockBytes);
}

StagingArena::Block StagingArena::take() noexcept {
  WARREN_ASSERT(free_blocks_ > 0, "untouched={}", untouched_);
  --free_blocks_;
  if (free_ == kNone) return untouched_++;
  const Block block = free_;
  free_ = headers_[block].next;
  return block;
}

void StagingArena::give(Block block) noexcept {
  headers_[block].next = free_;
  free_ = block;
  ++free_blocks_;
}

StagedPackets::StagedPackets(StagedPackets&& other) noexcept
    : first_(std::exchange(other.first_, StagingArena::kNone)),
      last_(std::exchange(other.last_, StagingArena::kNone)),
      count_(std::exchange(other.count_, 0)),
      blocks_(std::exchange(other.blocks_, 0)),
      front_length_(std::exchange(other.front_length_, 0)) {}

StagedPackets& StagedPackets::operator=(StagedPackets&& other) noexcept {
  if (this == &other) return *this;
  WARREN_ASSERT(count_ == 0, "count={}", count_);
  first_ = std::exchange(other.first_, StagingArena::kNone);
  last_ = std::exchange(other.last_, StagingArena::kNone);
  count_ = std::exchange(other.count_, 0);
  blocks_ = std::exchange(other.blocks_, 0);
  front_length_ = std::exchange(other.front_length_, 0);
  return *this;
}

StagedPackets::Push StagedPackets::push(StagingArena& arena, base::ConstBytes packet) noexcept {
  const std::size_t needed = StagingArena::blocks_for(packet.size());
  if (packet.size() > StagingArena::kMaxPacketBytes || arena.free_blocks_ + blocks_ < needed) {
    return Push::dropped_new;
  }
  Push result = Push::stored;
  // A peer's packets, the new one with them, take no more blocks than are free now; only a single
  // packet may. N peers that keep sending come to hold one part in N + 1 each by that, and the part
  // that is left is for the next one to come.
  while (count_ >= kMaxStagedPackets || arena.free_blocks_ < needed ||
         (count_ > 0 && blocks_ + needed > arena.free_blocks_)) {
    drop_front(arena);
    result = Push::dropped_oldest;
  }

  Block first = StagingArena::kNone;
  Block last = StagingArena::kNone;
  std::size_t copied = 0;
  for (std::size_t i = 0; i < needed; ++i) {
    const Block block = arena.take();
    const std::size_t part = std::min(packet.size() - copied, StagingArena::kBlockBytes);
    if (part > 0) std::memcpy(arena.data(block), packet.data() + copied, part);
    copied += part;
    arena.headers_[block].next = StagingArena::kNone;
    (last == StagingArena::kNone ? first : arena.headers_[last].next) = block;
    last = block;
  }
  arena.headers_[first].next_packet = StagingArena::kNone;
  // At most kMaxPacketBytes.
  arena.headers_[first].packet_bytes = static_cast<std::uint32_t>(packet.size());

  if (count_ == 0) {
    first_ = first;
    front_length_ = arena.headers_[first].packet_bytes;
  } else {
    arena.headers_[last_].next_packet = first;
  }
  last_ = first;
  ++count_;
  blocks_ = static_cast<std::uint16_t>(blocks_ + needed);  // at most kBlocks
  return result;
}

void StagedPackets::pop_into(StagingArena& arena, std::byte* out) noexcept {
  WARREN_ASSERT(count_ > 0, "count={}", count_);
  std::size_t left = front_length_;
  for (Block block = first_; left > 0; block = arena.headers_[block].next) {
    const std::size_t part = std::min(left, StagingArena::kBlockBytes);
    std::memcpy(out, arena.data(block), part);
    out += part;
    left -= part;
  }
  drop_front(arena);
}

void StagedPackets::drop_front(StagingArena& arena) noexcept {
  WARREN_ASSERT(count_ > 0, "count={}", count_);
  const Block next_packet = arena.headers_[first_].next_packet;
  for (Block block = first_; block != StagingArena::kNone;) {
    const Block next = arena.headers_[block].next;
    arena.give(block);
    --blocks_;
    block = next;
  }
  --count_;
  first_ = next_packet;
  if (count_ == 0) last_ = StagingArena::kNone;
  front_length_ = count_ == 0 ? 0 : arena.headers_[first_].packet_bytes;
}

std::size_t StagedPackets::clear(StagingArena& arena) noexcept {
  const std::size_t dropped = count_;
  while (count_ > 0) drop_front(arena);
  return dropped;
}

}  // namespace warren::protocol
