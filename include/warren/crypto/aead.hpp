// ChaCha20-Poly1305 (RFC 8439) with WireGuard's nonce (four zero bytes, then a little-endian 64-bit
// counter) and XChaCha20-Poly1305. Transport data goes through an `Aead`, which works on batches and
// hides the backend: intel-ipsec-mb where it is found on x86-64, libsodium everywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <warren/base/bytes.hpp>
#include <warren/crypto/keys.hpp>

namespace warren::crypto {

inline constexpr std::size_t kTagBytes = 16;
inline constexpr std::size_t kXNonceBytes = 24;

/// One message of a batch. No associated data, as for all transport data.
struct AeadJob {
  const SymmetricKey* key = nullptr;
  std::uint64_t counter = 0;
  /// seal: the plaintext. open: ciphertext and tag (at least kTagBytes).
  base::ConstBytes in;
  /// seal: room for in.size() + kTagBytes. open: room for in.size() - kTagBytes. May start where `in`
  /// starts (in place) or not overlap it at all.
  std::byte* out = nullptr;
  /// open: whether the tag was right. When false, `out` holds no plaintext (zeros, or unchanged).
  bool authentic = false;
};

enum class AeadBackend : std::uint8_t { ipsec_mb, libsodium };

/// "intel-ipsec-mb", "libsodium".
std::string_view backend_name(AeadBackend backend) noexcept;
/// The backends that this build and this CPU can run, the preferred one first.
std::vector<AeadBackend> available_backends();

/// One thread's AEAD engine. Not thread-safe; make one per thread. seal and open allocate nothing.
class Aead {
 public:
  /// `backend` must be among available_backends().
  explicit Aead(AeadBackend backend);
  Aead(Aead&&) noexcept;
  Aead& operator=(Aead&&) noexcept;
  ~Aead();
  [[nodiscard]] AeadBackend backend() const noexcept;
  void seal(std::span<AeadJob> jobs) noexcept;
  void open(std::span<AeadJob> jobs) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Single messages with associated data, for handshakes; libsodium. `out` has in.size() + kTagBytes.
void aead_seal(const SymmetricKey& key, std::uint64_t counter, base::ConstBytes associated,
               base::ConstBytes in, base::Bytes out) noexcept;
/// False, with `out` zeroed, when the tag is wrong. `out` has in.size() - kTagBytes.
bool aead_open(const SymmetricKey& key, std::uint64_t counter, base::ConstBytes associated,
               base::ConstBytes in, base::Bytes out) noexcept;

/// XChaCha20-Poly1305, for cookies.
void xaead_seal(const SymmetricKey& key, std::span<const std::byte, kXNonceBytes> nonce,
                base::ConstBytes associated, base::ConstBytes in, base::Bytes out) noexcept;
bool xaead_open(const SymmetricKey& key, std::span<const std::byte, kXNonceBytes> nonce,
                base::ConstBytes associated, base::ConstBytes in, base::Bytes out) noexcept;

}  // namespace warren::crypto
