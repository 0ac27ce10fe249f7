// One received packet as the coalescer sees it: which flow it belongs to, and whether it may be
// part of a super-packet at all.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <warren/base/bytes.hpp>
#include <warren/base/ip.hpp>
#include <warren/packet/virtio.hpp>

namespace warren::packet {

/// Addresses, ports, protocol and family, as they lie in the packet.
struct FlowKey {
  std::array<std::uint64_t, 4> addresses{};  // for IPv4 only the first is used
  std::uint32_t ports = 0;
  std::uint8_t protocol = 0;
  base::Family family = base::Family::v4;
  [[nodiscard]] std::size_t hash() const noexcept;
  friend bool operator==(const FlowKey&, const FlowKey&) noexcept = default;
};

enum class FlowState : std::uint8_t {
  none,      ///< not TCP or UDP: its order against flows does not matter
  unknown,   ///< may belong to any flow (a fragment, an extension header, a malformed header)
  separate,  ///< of the flow `key`, but never joined (no payload, a flag, options, a bad length)
  joinable,  ///< of the flow `key`, and headers and payload are where the offsets say
};

struct FlowPacket {
  FlowState state = FlowState::none;
  FlowKey key;
  base::Bytes bytes;
  std::size_t network = 0;    ///< where the IP header starts
  std::size_t transport = 0;  ///< where the TCP or UDP header starts
  std::size_t payload = 0;    ///< where the payload starts; there is some

  [[nodiscard]] std::byte* ip() const noexcept { return bytes.data() + network; }
  [[nodiscard]] std::byte* header() const noexcept { return bytes.data() + transport; }
  [[nodiscard]] std::size_t payload_bytes() const noexcept { return bytes.size() - payload; }
  [[nodiscard]] bool is_v4() const noexcept { return key.family == base::Family::v4; }
  [[nodiscard]] bool is_tcp() const noexcept;
  /// Source and destination as they lie in the IP header.
  [[nodiscard]] base::ConstBytes addresses() const noexcept;
  /// TCP: the sequence number.
  [[nodiscard]] std::uint32_t sequence() const noexcept;
  /// TCP: the flags byte.
  [[nodiscard]] std::uint8_t flags() const noexcept;
  /// IPv4: the identification.
  [[nodiscard]] std::uint16_t id() const noexcept;
};

/// Looks at one IP packet or frame. Borrows it.
FlowPacket classify(base::Bytes packet, Framing framing) noexcept;

/// True when the transport checksum of a joinable packet is right.
bool checksum_is_right(const FlowPacket& packet) noexcept;

/// True when the headers of two joinable packets of one flow differ only in what segmenting the
/// super-packet would set again: lengths, checksums, identification, sequence number, FIN and PSH.
bool headers_match(const FlowPacket& first, const FlowPacket& next) noexcept;

}  // namespace warren::packet
