// The socket that the AEAD backends fit: a concept, so that the batch loop is compiled for each and
// nothing is called through a table for every packet.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>
#include <utility>

#include <warren/base/bytes.hpp>
#include <warren/crypto/aead.hpp>

namespace warren::crypto {

inline constexpr std::size_t kNonceBytes = 12;
using Nonce = std::array<std::byte, kNonceBytes>;

/// Noise's nonce: four zero bytes, then the counter in the cipher's byte order.
inline Nonce nonce_of(Cipher cipher, std::uint64_t counter) noexcept {
  Nonce nonce{};
  if (cipher == Cipher::chacha20_poly1305) {
    base::store_le(nonce.data() + 4, counter);
  } else {
    base::store_be(nonce.data() + 4, counter);
  }
  return nonce;
}

/// Constant-time, and without the byte-wise loop of the general comparison: it is done per packet.
inline bool equal_tags(const std::byte* a, const std::byte* b) noexcept {
  std::array<std::uint64_t, 2> x;
  std::array<std::uint64_t, 2> y;
  static_assert(sizeof x == kTagBytes);
  std::memcpy(x.data(), a, kTagBytes);
  std::memcpy(y.data(), b, kTagBytes);
  return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

/// One message of the general shape of RFC 5116. `in` and `out` as in AeadJob; `key` as the engine
/// itself prepared it.
struct AeadMessage {
  const AeadKey& key;
  const Nonce& nonce;
  base::ConstBytes associated;
  base::ConstBytes in;
  std::byte* out;
};

/// An implementation of one cipher, used by one thread at a time.
/// seal writes in.size() + kTagBytes. open takes at least kTagBytes, compares the tag in constant
/// time, and on a wrong one leaves zeros where the plaintext would be. Neither allocates.
template <class Engine>
concept AeadEngine = std::is_nothrow_move_constructible_v<Engine> &&
    requires(Engine engine, const AeadMessage& message, const SymmetricKey& key) {
  { Engine::kBackend } -> std::convertible_to<AeadBackend>;
  { Engine::kCipher } -> std::convertible_to<Cipher>;
  { std::as_const(engine).prepare(key) } -> std::same_as<AeadKey>;
  { engine.seal(message) }
  noexcept->std::same_as<void>;
  { engine.open(message) }
  noexcept->std::same_as<bool>;
};

/// A backend driven with messages of the general shape: for test vectors, most of which have
/// associated data or a nonce that no counter yields.
class MessageAead {
 public:
  explicit MessageAead(AeadBackend backend, Cipher cipher = Cipher::chacha20_poly1305);
  ~MessageAead();
  [[nodiscard]] AeadKey prepare(const SymmetricKey& key) const;
  void seal(const AeadMessage& message) noexcept;
  bool open(const AeadMessage& message) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace warren::crypto
