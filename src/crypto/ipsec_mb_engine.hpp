// ChaCha20-Poly1305 by intel-ipsec-mb. Compiled only where the library is found.
#pragma once

#include <memory>
#include <utility>

#include "aead_engine.hpp"
#include "sodium_engine.hpp"

struct IMB_MGR;

namespace warren::crypto {

class IpsecMbEngine {
 public:
  static constexpr auto kBackend = AeadBackend::ipsec_mb;
  /// Whether this CPU can run the library, and the library passes its own and our check.
  static bool usable() noexcept;
  /// usable() must be true.
  IpsecMbEngine();
  void seal(const AeadMessage& message) noexcept;
  bool open(const AeadMessage& message) noexcept;

 private:
  struct FreeManager {
    void operator()(IMB_MGR* manager) const noexcept;
  };
  using Manager = std::unique_ptr<IMB_MGR, FreeManager>;
  static Manager make_manager() noexcept;
  explicit IpsecMbEngine(Manager manager) noexcept : manager_(std::move(manager)) {}

  Manager manager_;
  /// For messages that lie where the library would read beyond a page.
  SodiumEngine portable_;
};

static_assert(AeadEngine<IpsecMbEngine>);

}  // namespace warren::crypto
