// ChaCha20-Poly1305 by libsodium: the backend that is always there, and the one for handshakes.
#pragma once

#include "aead_engine.hpp"

namespace warren::crypto {

class SodiumEngine {
 public:
  static constexpr auto kBackend = AeadBackend::libsodium;
  SodiumEngine() noexcept;
  void seal(const AeadMessage& message) noexcept;
  bool open(const AeadMessage& message) noexcept;
};

static_assert(AeadEngine<SodiumEngine>);

}  // namespace warren::crypto
