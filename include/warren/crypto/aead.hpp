// The two ciphers that a tunnel may have, ChaCha20-Poly1305 (RFC 8439) and AES-256-GCM (NIST SP
// 800-38D), each with the nonce that Noise gives it, and XChaCha20-Poly1305. Transport data goes
// through an `Aead`, which works on batches and hides the backend: intel-ipsec-mb where it is found
// on x86-64, libsodium.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <warren/base/bytes.hpp>
#include <warren/crypto/keys.hpp>

namespace warren::crypto {

inline constexpr std::size_t kTagBytes = 16;
inline constexpr std::size_t kXNonceBytes = 24;

/// The nonce is four zero bytes and a 64-bit counter: little-endian for ChaCha20-Poly1305,
/// big-endian for AES-256-GCM (Noise, revision 34, sections 12.3 and 12.4).
enum class Cipher : std::uint8_t { chacha20_poly1305, aes_256_gcm };

/// "chacha20-poly1305", "aes-256-gcm".
std::string_view cipher_name(Cipher cipher) noexcept;
std::optional<Cipher> cipher_from_name(std::string_view name) noexcept;

/// Whether this build and this CPU have the cipher at all. ChaCha20-Poly1305 is everywhere;
/// AES-256-GCM is not without AES instructions, since AES in plain code is slow and tells the key
/// through the cache.
bool is_available(Cipher cipher) noexcept;

enum class AeadBackend : std::uint8_t { ipsec_mb, libsodium };

/// "intel-ipsec-mb", "libsodium".
std::string_view backend_name(AeadBackend backend) noexcept;
/// The backends that this build and this CPU can run, the preferred one first; libsodium is the
/// last of them. None when the cipher is not available.
std::vector<AeadBackend> available_backends(Cipher cipher = Cipher::chacha20_poly1305);

/// A key made ready by Aead::prepare: whatever a backend derives from it (round keys, powers of the
/// GHASH key) is computed there, once, and not for every message. Move-only, wiped when it dies,
/// at most about 1 KiB. Any number of engines of the same cipher and backend, in any threads, may
/// use one at once.
class AeadKey {
 public:
  /// Holds nothing, and fits no engine.
  AeadKey() noexcept = default;
  /// For backends: room for `size` bytes, zeroed.
  AeadKey(AeadBackend backend, Cipher cipher, std::size_t size);
  [[nodiscard]] bool fits(AeadBackend backend, Cipher cipher) const noexcept {
    return material_ && backend_ == backend && cipher_ == cipher;
  }
  /// For backends. Starts at a multiple of 64, in memory that is readable up to the next one.
  [[nodiscard]] const std::byte* material() const noexcept { return material_.get(); }
  [[nodiscard]] std::byte* material() noexcept { return material_.get(); }

 private:
  struct WipeAndFree {
    WipeAndFree() noexcept : size(0) {}
    explicit WipeAndFree(std::size_t bytes) noexcept : size(bytes) {}
    void operator()(std::byte* material) const noexcept;
    std::size_t size;
  };
  std::unique_ptr<std::byte, WipeAndFree> material_;
  AeadBackend backend_{};
  Cipher cipher_{};
};

/// One message of a batch. No associated data, as for all transport data.
struct AeadJob {
  /// Prepared by an engine of the same cipher and backend.
  const AeadKey* key = nullptr;
  std::uint64_t counter = 0;
  /// seal: the plaintext. open: ciphertext and tag (at least kTagBytes).
  base::ConstBytes in;
  /// seal: room for in.size() + kTagBytes. open: room for in.size() - kTagBytes. May start where
  /// `in` starts (in place) or not overlap it at all.
  std::byte* out = nullptr;
  /// open: whether the tag was right. When false, `out` holds no plaintext (zeros, or unchanged).
  bool authentic = false;
};

/// One thread's AEAD engine. Not thread-safe; make one per thread. seal and open allocate nothing.
class Aead {
 public:
  /// `backend` must be among available_backends(cipher).
  explicit Aead(AeadBackend backend, Cipher cipher = Cipher::chacha20_poly1305);
  Aead(Aead&&) noexcept;
  Aead& operator=(Aead&&) noexcept;
  ~Aead();
  [[nodiscard]] AeadBackend backend() const noexcept;
  [[nodiscard]] Cipher cipher() const noexcept;
  /// Allocates: for the time of a handshake, not for the data path.
  [[nodiscard]] AeadKey prepare(const SymmetricKey& key) const;
  void seal(std::span<AeadJob> jobs) noexcept;
  void open(std::span<AeadJob> jobs) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Single messages with associated data, for handshakes; libsodium. Only for a cipher that is
/// available. `out` has in.size() + kTagBytes.
void aead_seal(Cipher cipher, const SymmetricKey& key, std::uint64_t counter,
               base::ConstBytes associated, base::ConstBytes in, base::Bytes out) noexcept;
/// False, with `out` zeroed, when the tag is wrong. `out` has in.size() - kTagBytes.
bool aead_open(Cipher cipher, const SymmetricKey& key, std::uint64_t counter,
               base::ConstBytes associated, base::ConstBytes in, base::Bytes out) noexcept;

/// XChaCha20-Poly1305, for cookies.
void xaead_seal(const SymmetricKey& key, std::span<const std::byte, kXNonceBytes> nonce,
                base::ConstBytes associated, base::ConstBytes in, base::Bytes out) noexcept;
bool xaead_open(const SymmetricKey& key, std::span<const std::byte, kXNonceBytes> nonce,
                base::ConstBytes associated, base::ConstBytes in, base::Bytes out) noexcept;

}  // namespace warren::crypto
