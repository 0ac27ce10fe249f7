// ChaCha20-Poly1305 by intel-ipsec-mb. Compiled only where the library is found.
#pragma once

#include <utility>

#include "aead_engine.hpp"
#include "ipsec_mb_manager.hpp"
#include "sodium_engine.hpp"

namespace warren::crypto {

class IpsecMbEngine {
 public:
  static constexpr auto kBackend = AeadBackend::ipsec_mb;
  static constexpr auto kCipher = Cipher::chacha20_poly1305;
  /// Whether this CPU can run the library, and the library passes its own and our check.
  static bool usable() noexcept;
  /// usable() must be true.
  IpsecMbEngine();
  [[nodiscard]] AeadKey prepare(const SymmetricKey& key) const;
  void seal(const AeadMessage& message) noexcept;
  bool open(const AeadMessage& message) noexcept;

 private:
  explicit IpsecMbEngine(IpsecMbManager manager) noexcept : manager_(std::move(manager)) {}

  IpsecMbManager manager_;
  /// For messages that lie where the library would read beyond a page.
  SodiumEngine portable_;
};

static_assert(AeadEngine<IpsecMbEngine>);

}  // namespace warren::crypto
