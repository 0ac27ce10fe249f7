// What travels inside the tunnel: packets that say which one they are, so that the receiving end
// can be checked to the byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <warren/base/bytes.hpp>
#include <warren/base/ip.hpp>

namespace warren::sim {

using PacketId = std::uint64_t;

/// Everything that determines a packet's bytes.
struct InnerPacket {
  PacketId id = 0;
  base::IpAddress source;
  base::IpAddress destination;
  std::size_t payload_bytes = 0;  ///< at least kIdBytes
  std::uint8_t ecn = 0;
  /// With these it is an Ethernet frame around the IP packet.
  std::optional<base::MacAddress> source_mac;
  std::optional<base::MacAddress> destination_mac;
};

inline constexpr std::size_t kIdBytes = 8;
inline constexpr std::size_t kEthernetBytes = 14;
/// Headers and id: the smallest IPv6 packet.
inline constexpr std::size_t kMaxInnerOverhead = 40;

/// A whole IPv4 or IPv6 packet of protocol 253 (RFC 3692: for experiments), its payload the id and
/// a pattern that follows from it.
std::vector<std::byte> build(const InnerPacket& packet);

/// The id that `bytes` claims, whether or not the rest is right; empty when it has none.
std::optional<PacketId> claimed_id(base::ConstBytes bytes, bool ethernet);

/// Whether `bytes` is `packet`, but for its ECN bits, which may have become "congestion
/// experienced".
bool matches(const InnerPacket& packet, base::ConstBytes bytes);

}  // namespace warren::sim
