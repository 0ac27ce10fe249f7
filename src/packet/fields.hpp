// Where the fields of IPv4 (RFC 791), IPv6 (RFC 8200), TCP (RFC 9293) and UDP (RFC 768) lie, in
// bytes from the start of each header, for the files of this module that read and write headers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <warren/base/bytes.hpp>
#include <warren/packet/virtio.hpp>

namespace warren::packet {

inline constexpr std::uint8_t kProtocolTcp = 6;
inline constexpr std::uint8_t kProtocolUdp = 17;
inline constexpr std::size_t kMaxIpBytes = 65535;

namespace ipv4 {
inline constexpr std::size_t kMinBytes = 20;
inline constexpr std::size_t kTrafficClass = 1;
inline constexpr std::size_t kTotalLength = 2;
inline constexpr std::size_t kId = 4;
inline constexpr std::size_t kFragment = 6;
inline constexpr std::size_t kTimeToLive = 8;
inline constexpr std::size_t kProtocol = 9;
inline constexpr std::size_t kChecksum = 10;
inline constexpr std::size_t kSource = 12;
inline constexpr std::size_t kDestination = 16;
inline constexpr std::size_t kAddressesBytes = 8;
inline constexpr std::uint16_t kDontFragment = 0x4000;
inline constexpr std::uint16_t kFragmentMask = 0x3fff;  // more fragments, and the offset
}  // namespace ipv4

namespace ipv6 {
inline constexpr std::size_t kBytes = 40;
inline constexpr std::size_t kPayloadLength = 4;
inline constexpr std::size_t kNextHeader = 6;
inline constexpr std::size_t kHopLimit = 7;
inline constexpr std::size_t kSource = 8;
inline constexpr std::size_t kDestination = 24;
inline constexpr std::size_t kAddressesBytes = 32;

inline constexpr std::uint8_t kHopByHop = 0;
inline constexpr std::uint8_t kRouting = 43;
inline constexpr std::uint8_t kFragmentHeader = 44;
inline constexpr std::uint8_t kAuthentication = 51;
inline constexpr std::uint8_t kDestinationOptions = 60;
inline constexpr std::uint8_t kMobility = 135;
inline constexpr std::uint8_t kHostIdentity = 139;
inline constexpr std::uint8_t kShim6 = 140;

/// True for a header with which the transport may lie further back (RFC 7045).
constexpr bool is_extension(std::uint8_t next_header) noexcept {
  switch (next_header) {
    case kHopByHop:
    case kRouting:
    case kFragmentHeader:
    case kAuthentication:
    case kDestinationOptions:
    case kMobility:
    case kHostIdentity:
    case kShim6:
      return true;
    default:
      return false;
  }
}
}  // namespace ipv6

namespace tcp {
inline constexpr std::size_t kMinBytes = 20;
inline constexpr std::size_t kMaxBytes = 60;
inline constexpr std::size_t kSequence = 4;
inline constexpr std::size_t kAcknowledgement = 8;
inline constexpr std::size_t kDataOffset = 12;
inline constexpr std::size_t kFlags = 13;
inline constexpr std::size_t kWindow = 14;
inline constexpr std::size_t kChecksum = 16;
inline constexpr std::size_t kUrgent = 18;
inline constexpr std::uint8_t kFin = 0x01;
inline constexpr std::uint8_t kSyn = 0x02;
inline constexpr std::uint8_t kRst = 0x04;
inline constexpr std::uint8_t kPsh = 0x08;
inline constexpr std::uint8_t kUrg = 0x20;
inline constexpr std::uint8_t kCwr = 0x80;

/// Bytes of the header at `header`, of which at least kMinBytes are there; 0 to 60, unchecked.
inline std::size_t header_length(const std::byte* header) noexcept {
  return std::to_integer<std::size_t>(header[kDataOffset] >> 4) * 4;
}
}  // namespace tcp

namespace udp {
inline constexpr std::size_t kBytes = 8;
inline constexpr std::size_t kLength = 4;
inline constexpr std::size_t kChecksum = 6;
}  // namespace udp

/// The version in an IP header's first byte.
inline unsigned ip_version(const std::byte* header) noexcept {
  return std::to_integer<unsigned>(header[0] >> 4);
}

/// Where the IP header of `packet` starts; empty when it is not IP. The IP header itself is not
/// checked, except that an Ethernet frame's type and the version agree.
std::optional<std::size_t> find_network(base::ConstBytes packet, Framing framing) noexcept;

}  // namespace warren::packet
