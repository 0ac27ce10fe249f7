// AES-256-GCM by intel-ipsec-mb. Compiled only where the library is found.
#pragma once

#include <cstddef>
#include <utility>

#include "aead_engine.hpp"
#include "ipsec_mb_manager.hpp"

namespace warren::crypto {

class IpsecMbGcmEngine {
 public:
  static constexpr auto kBackend = AeadBackend::ipsec_mb;
  static constexpr auto kCipher = Cipher::aes_256_gcm;
  /// Whether this CPU has AES instructions, and the library passes its own and our check.
  static bool usable() noexcept;
  /// usable() must be true.
  IpsecMbGcmEngine();
  [[nodiscard]] AeadKey prepare(const SymmetricKey& key) const;
  void seal(const AeadMessage& message) noexcept;
  bool open(const AeadMessage& message) noexcept;

 private:
  explicit IpsecMbGcmEngine(IpsecMbManager manager) noexcept : manager_(std::move(manager)) {}

  IpsecMbManager manager_;
};

static_assert(AeadEngine<IpsecMbGcmEngine>);

}  // namespace warren::crypto
