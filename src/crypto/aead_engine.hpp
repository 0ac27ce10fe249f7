// The socket that the AEAD backends fit: a concept, so that the batch loop is compiled for each and
// nothing is called through a table for every packet.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <memory>
#include <type_traits>

#include <warren/base/bytes.hpp>
#include <warren/crypto/aead.hpp>

namespace warren::crypto {

inline constexpr std::size_t kNonceBytes = 12;
using Nonce = std::array<std::byte, kNonceBytes>;

/// WireGuard's nonce: four zero bytes, then the counter, little-endian.
inline Nonce nonce_of(std::uint64_t counter) noexcept {
  Nonce nonce{};
  base::store_le(nonce.data() + 4, counter);
  return nonce;
}

/// One message of RFC 8439's general shape. `in` and `out` as in AeadJob.
struct AeadMessage {
  const SymmetricKey& key;
  const Nonce& nonce;
  base::ConstBytes associated;
  base::ConstBytes in;
  std::byte* out;
};

/// An implementation of ChaCha20-Poly1305, used by one thread at a time.
/// seal writes in.size() + kTagBytes. open takes at least kTagBytes, compares the tag in constant
/// time, and on a wrong one leaves zeros where the plaintext would be. Neither allocates.
template <class Engine>
concept AeadEngine = std::is_nothrow_move_constructible_v<Engine> &&
    requires(Engine engine, const AeadMessage& message) {
  { Engine::kBackend } -> std::convertible_to<AeadBackend>;
  { engine.seal(message) }
  noexcept->std::same_as<void>;
  { engine.open(message) }
  noexcept->std::same_as<bool>;
};

/// A backend driven with messages of the general shape: for test vectors, most of which have
/// associated data or a nonce that no counter yields.
class MessageAead {
 public:
  explicit MessageAead(AeadBackend backend);
  ~MessageAead();
  void seal(const AeadMessage& message) noexcept;
  bool open(const AeadMessage& message) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace warren::crypto
