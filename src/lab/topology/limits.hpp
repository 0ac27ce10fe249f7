// Every limit of a lab's file.
#pragma once

#include <cstddef>
#include <cstdint>

namespace warren::lab {

inline constexpr std::size_t kMaxNodes = 4096;
inline constexpr std::size_t kMaxLinks = 8192;
inline constexpr std::size_t kMaxTunnels = 256;
inline constexpr std::int64_t kMinCount = 2;
inline constexpr std::int64_t kMaxCount = 1000;
/// "LAB-NODE" is a file below /run/netns, and a node's name a host's name.
inline constexpr std::size_t kMaxName = 40;
/// RFC 791: what every link must carry; and what the kernel allows a TAP device.
inline constexpr std::int64_t kMinMtu = 68;
inline constexpr std::int64_t kMaxMtu = 65521;
inline constexpr std::int64_t kMinMtuV6 = 1280;
/// Of a tunnel's interface, as the tunnel's own configuration has it.
inline constexpr std::int64_t kMinTunnelMtu = 576;
inline constexpr std::int64_t kMaxTunnelMtu = 65535;
/// A queue is held in memory.
inline constexpr std::int64_t kMaxQueueBytes = std::int64_t{1} << 30;
/// Behind the headers of IPv4 and UDP or ICMP.
inline constexpr std::int64_t kMaxPayload = 65507;
inline constexpr std::int64_t kMaxPackets = 10'000'000;
inline constexpr std::int64_t kMaxPacketsPerSecond = 1'000'000;
inline constexpr std::int64_t kMaxStreams = 256;
inline constexpr std::uint64_t kMaxRateBps = 100'000'000'000;
/// A day: longer was a mistake in the unit.
inline constexpr std::int64_t kMaxSeconds = 86400;
/// Frames that wait are held in memory.
inline constexpr std::int64_t kMaxDelaySeconds = 60;
inline constexpr std::size_t kMaxRegex = 1000;
inline constexpr std::size_t kMaxTraceBytes = std::size_t{64} << 20;

}  // namespace warren::lab
