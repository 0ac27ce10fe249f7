// Joins packets of one flow that arrived together into a super-packet for a TUN or TAP device with
// offloads: the reverse of the segmenter, and what the kernel's GRO would have done. Nothing is
// copied: a super-packet is its first packet (headers adjusted in place) and the payloads of the
// others, as a list of pieces. Packets of other flows may lie between them: a small table of open
// flows is kept, and the order within each flow is kept. A checksum is verified before a packet is
// joined; a packet that cannot join comes out as it came in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include <warren/base/bytes.hpp>
#include <warren/packet/virtio.hpp>

namespace warren::packet {

/// What the device's offloads allow to be joined.
struct CoalesceOptions {
  Framing framing = Framing::ip;
  bool tcp = true;  ///< TSO4 and TSO6 are on
  bool udp = true;  ///< USO4 and USO6 are on
};

/// One packet or super-packet to write: the virtio header, then `pieces` in order.
struct CoalescedPacket {
  VirtioHeader header;
  std::span<const base::ConstBytes> pieces;
  std::size_t bytes = 0;  ///< sum of the pieces, without the virtio header
};

class Coalescer {
 public:
  /// At most this many pieces make one super-packet, so that an iovec with the virtio header in
  /// front stays far below IOV_MAX.
  static constexpr std::size_t kMaxPieces = 64;

  /// `max_packets`: the most packets between two calls of clear(). All memory is taken here.
  Coalescer(const CoalesceOptions& options, std::size_t max_packets);
  ~Coalescer();
  Coalescer(const Coalescer&) = delete;
  Coalescer& operator=(const Coalescer&) = delete;

  /// True when add() must not be called before clear().
  [[nodiscard]] bool full() const noexcept;
  /// Takes one IP packet or frame, in arrival order. Borrows `packet` (and may change its headers)
  /// until clear().
  void add(base::Bytes packet) noexcept;
  /// Ends coalescing: fixes up the headers of what was joined. Then packet(0 ... count() - 1) are
  /// the results, flows in the order of their first packets, until clear().
  void finish() noexcept;
  [[nodiscard]] std::size_t count() const noexcept;
  [[nodiscard]] CoalescedPacket packet(std::size_t index) const noexcept;
  void clear() noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace warren::packet
