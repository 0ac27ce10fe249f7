// struct virtio_net_hdr as TUN and TAP devices with IFF_VNET_HDR use it: 10 bytes in native byte
// order in front of every packet. <linux/virtio_net.h> cannot be included from C++ (a field is
// named `class`), so its names are repeated here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <warren/base/bytes.hpp>

namespace warren::packet {

inline constexpr std::size_t kVirtioHeaderBytes = 10;

struct VirtioHeader {
  static constexpr std::uint8_t kNeedsChecksum = 1;  ///< flags: VIRTIO_NET_HDR_F_NEEDS_CSUM
  static constexpr std::uint8_t kDataValid = 2;      ///< flags: VIRTIO_NET_HDR_F_DATA_VALID
  static constexpr std::uint8_t kGsoNone = 0;
  static constexpr std::uint8_t kGsoTcpV4 = 1;
  static constexpr std::uint8_t kGsoTcpV6 = 4;
  static constexpr std::uint8_t kGsoUdpL4 = 5;
  static constexpr std::uint8_t kGsoEcn = 0x80;

  std::uint8_t flags = 0;
  std::uint8_t gso_type = kGsoNone;
  std::uint16_t header_length = 0;    ///< bytes of all headers; a hint, not to be trusted
  std::uint16_t gso_size = 0;         ///< payload bytes of each segment
  std::uint16_t checksum_start = 0;   ///< where summing starts, from the packet's first byte
  std::uint16_t checksum_offset = 0;  ///< where the sum goes, from checksum_start

  /// Empty when `bytes` is shorter than kVirtioHeaderBytes.
  static std::optional<VirtioHeader> parse(base::ConstBytes bytes) noexcept;
  /// Writes kVirtioHeaderBytes bytes.
  void write(std::byte* to) const noexcept;
  friend bool operator==(const VirtioHeader&, const VirtioHeader&) noexcept = default;
};

/// Whether packets start at the IP header (TUN) or at the Ethernet header (TAP).
enum class Framing : std::uint8_t { ip, ethernet };

}  // namespace warren::packet
