// Explicit congestion notification through a tunnel, RFC 6040 (normal mode).
#pragma once

#include <cstdint>

#include <warren/base/bytes.hpp>
#include <warren/packet/virtio.hpp>

namespace warren::packet {

/// The two ECN bits of the IP header of `packet` (0 when it is not IP): what the outer header gets.
std::uint8_t ecn_of(base::ConstBytes packet, Framing framing) noexcept;

/// Combines the outer header's ECN bits into the IP header of `packet` (IPv4 header checksum kept
/// right). False when the packet must be dropped: congestion was marked on a packet that is not
/// ECN-capable. Packets that are not IP pass unchanged.
bool decapsulate_ecn(std::uint8_t outer_ecn, base::Bytes packet, Framing framing) noexcept;

}  // namespace warren::packet
