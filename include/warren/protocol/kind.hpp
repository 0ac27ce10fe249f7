// What a tunnel carries.
#pragma once

#include <cstdint>

namespace warren::protocol {

/// The two kinds use different identifiers in the handshake, so that they can never exchange data
/// with each other.
enum class Kind : std::uint8_t {
  tun,  ///< IP packets: WireGuard's wire protocol
  tap,  ///< Ethernet frames: among Warren peers only
};

}  // namespace warren::protocol
