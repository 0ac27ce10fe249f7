// Packets that wait for a handshake: copied into blocks of one arena that all peers share, at most
// kMaxStagedPackets for each peer, and no more than leaves as many blocks free: peers that cannot
// be reached do not keep others from waiting. Nothing is allocated after the arena was made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include <warren/base/bytes.hpp>
#include <warren/protocol/limits.hpp>

namespace warren::protocol {

/// 8 MiB of address space in blocks of 2 KiB, of which only what was ever in use costs memory. One
/// thread.
class StagingArena {
 public:
  static constexpr std::size_t kBlockBytes = 2048;
  static constexpr std::size_t kBlocks = 4096;
  /// The largest packet: an IP packet of 65,535 bytes with an Ethernet header.
  static constexpr std::size_t kMaxPacketBytes = 65'535 + 14;

  StagingArena();
  StagingArena(StagingArena&&) noexcept;
  StagingArena& operator=(StagingArena&&) noexcept;
  ~StagingArena();
  [[nodiscard]] std::size_t free_blocks() const noexcept { return free_blocks_; }

 private:
  friend class StagedPackets;
  using Block = std::uint16_t;
  static constexpr Block kNone = UINT16_MAX;
  static_assert(kBlocks < kNone);

  struct Header {
    Block next;                  // of the same packet, or of the free list
    Block next_packet;           // in a packet's first block
    std::uint32_t packet_bytes;  // in a packet's first block
  };

  static std::size_t blocks_for(std::size_t bytes) noexcept;
  Block take() noexcept;
  void give(Block block) noexcept;
  std::byte* data(Block block) noexcept { return bytes_.get() + block * kBlockBytes; }

  std::unique_ptr<std::byte[]> bytes_;
  std::unique_ptr<Header[]> headers_;
  std::size_t free_blocks_ = 0;
  Block free_ = kNone;
  Block untouched_ = 0;  // this block and those behind it were never used
};

/// The waiting packets of one peer, oldest first: a few words. Always used with the same arena;
/// give the packets back with clear() before it dies.
class StagedPackets {
 public:
  enum class Push : std::uint8_t {
    stored,
    dropped_oldest,  ///< stored, and one or more of the oldest dropped: count() tells how many
    dropped_new,     ///< not stored, nothing else changed: too large, or other peers hold the arena
  };

  StagedPackets() noexcept = default;
  StagedPackets(StagedPackets&& other) noexcept;
  StagedPackets& operator=(StagedPackets&& other) noexcept;  // this one must be empty

  /// Copies `packet` in, at most StagingArena::kMaxPacketBytes.
  Push push(StagingArena& arena, base::ConstBytes packet) noexcept;
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  /// Bytes of the oldest packet. Must not be empty.
  [[nodiscard]] std::size_t front_length() const noexcept { return front_length_; }
  /// Copies the oldest packet, front_length() bytes, to `out` and removes it. Must not be empty.
  void pop_into(StagingArena& arena, std::byte* out) noexcept;
  /// Drops all; returns how many there were.
  std::size_t clear(StagingArena& arena) noexcept;

 private:
  using Block = StagingArena::Block;
  void drop_front(StagingArena& arena) noexcept;

  Block first_ = StagingArena::kNone;
  Block last_ = StagingArena::kNone;
  std::uint16_t count_ = 0;
  std::uint16_t blocks_ = 0;
  std::uint32_t front_length_ = 0;
};

}  // namespace warren::protocol
