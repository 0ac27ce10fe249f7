// Both ciphers by libsodium: the backend for handshakes, the one that is always there for
// ChaCha20-Poly1305, and what the other backend is compared with.
#pragma once

#include <utility>

#include "aead_engine.hpp"

namespace warren::crypto {

class SodiumEngine {
 public:
  static constexpr auto kBackend = AeadBackend::libsodium;
  static constexpr auto kCipher = Cipher::chacha20_poly1305;
  SodiumEngine() noexcept;
  [[nodiscard]] AeadKey prepare(const SymmetricKey& key) const;
  void seal(const AeadMessage& message) noexcept;
  bool open(const AeadMessage& message) noexcept;
};

class SodiumGcmEngine {
 public:
  static constexpr auto kBackend = AeadBackend::libsodium;
  static constexpr auto kCipher = Cipher::aes_256_gcm;
  /// Whether libsodium has the cipher and this CPU the instructions that it needs.
  static bool usable() noexcept;
  [[nodiscard]] AeadKey prepare(const SymmetricKey& key) const;
  void seal(const AeadMessage& message) noexcept;
  bool open(const AeadMessage& message) noexcept;
};

static_assert(AeadEngine<SodiumEngine>);
static_assert(AeadEngine<SodiumGcmEngine>);

}  // namespace warren::crypto
