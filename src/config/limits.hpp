// Every limit of the configuration module.
#pragma once

#include <cstddef>
#include <cstdint>

namespace warren::config {

inline constexpr std::size_t kMaxFileBytes = std::size_t{16} << 20;
/// A key file holds 44 characters and perhaps white space.
inline constexpr std::size_t kMaxKeyFileBytes = 4096;
inline constexpr std::size_t kKeyCharacters = 44;
/// IFNAMSIZ without its terminator.
inline constexpr std::size_t kMaxInterfaceName = 15;
inline constexpr std::size_t kMaxPeerName = 63;
/// RFC 1035, as text.
inline constexpr std::size_t kMaxHostName = 253;
inline constexpr std::size_t kMaxHostLabel = 63;

/// Every IPv4 host must take packets of this size (RFC 791), every IPv6 link must carry them (RFC
/// 8200).
inline constexpr std::uint32_t kMinMtuV4 = 576;
inline constexpr std::uint32_t kMinMtuV6 = 1280;
inline constexpr std::uint32_t kMaxMtu = 65535;
/// The kernel counts the Ethernet header of a TAP device against 65535.
inline constexpr std::uint32_t kMaxMtuTap = 65521;

/// A second: whoever wants more wants a core to itself all the time.
inline constexpr std::uint32_t kMaxBusyPollUs = 1'000'000;

}  // namespace warren::config
