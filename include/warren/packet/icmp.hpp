// The error that a router sends about a packet it cannot pass on because it is too big: ICMP
// "fragmentation needed" (RFC 792, RFC 1191) and ICMPv6 "packet too big" (RFC 4443 section 3.2).
#pragma once

#include <cstddef>
#include <cstdint>

#include <warren/base/bytes.hpp>

namespace warren::packet {

/// The longest error that write_too_big() writes: the smallest MTU of IPv6.
inline constexpr std::size_t kMaxTooBigBytes = 1280;

/// Writes to `out` the IP packet that tells the sender of the IP packet `packet` to send at most
/// `mtu` bytes at once. `packet` is as it would be on the wire, its checksums complete, and must
/// not overlap `out`. Returns the bytes written, at most kMaxTooBigBytes (IPv4: 576); 0 when no
/// error may be sent: the packet is malformed, or IPv4 without "don't fragment", or a fragment
/// other than the first, or an ICMP error itself, or its source or destination is no single host
/// (RFC 1122 section 3.2.2, RFC 4443 section 2.4), or `out` has less room than kMaxTooBigBytes. Any
/// thread.
std::size_t write_too_big(base::ConstBytes packet, std::uint16_t mtu, base::Bytes out) noexcept;

}  // namespace warren::packet
