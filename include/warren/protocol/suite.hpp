// What both ends of a tunnel have to agree on before they exchange a byte.
#pragma once

#include <array>

#include <warren/crypto/aead.hpp>
#include <warren/protocol/kind.hpp>

namespace warren::protocol {

/// Every suite has an identifier of its own in the handshake, so that two ends of different suites
/// never complete one. Tun with ChaCha20-Poly1305 is WireGuard; the others are Warren's.
struct Suite {
  Kind kind = Kind::tun;
  crypto::Cipher cipher = crypto::Cipher::chacha20_poly1305;
  friend bool operator==(const Suite&, const Suite&) noexcept = default;
};

inline constexpr std::array kSuites{
    Suite{Kind::tun, crypto::Cipher::chacha20_poly1305},
    Suite{Kind::tap, crypto::Cipher::chacha20_poly1305},
    Suite{Kind::tun, crypto::Cipher::aes_256_gcm},
    Suite{Kind::tap, crypto::Cipher::aes_256_gcm},
};

}  // namespace warren::protocol
