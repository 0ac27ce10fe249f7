// The symmetric state of the Noise protocol framework (revision 34, section 5.2) with
// ChaCha20-Poly1305 and BLAKE2s. Every key here encrypts at most one message before the next key is
// mixed in, so the nonce is always zero, as in WireGuard.
#pragma once

#include <utility>

#include <warren/base/bytes.hpp>
#include <warren/crypto/hash.hpp>
#include <warren/crypto/keys.hpp>
#include <warren/protocol/kind.hpp>

namespace warren::protocol {

/// Holds secrets: move-only, wiped on destruction. One thread.
class SymmetricState {
 public:
  /// Hashes the protocol's name (of any length) and the prologue.
  SymmetricState(base::ConstBytes protocol_name, base::ConstBytes prologue) noexcept;
  /// A deliberate copy.
  [[nodiscard]] SymmetricState clone() const noexcept;

  void mix_hash(base::ConstBytes data) noexcept;
  void mix_key(base::ConstBytes input) noexcept;
  void mix_key_and_hash(base::ConstBytes input) noexcept;
  /// Encrypts with the current key and mixes in the ciphertext. `out` has plaintext.size() + 16
  /// bytes.
  void encrypt_and_hash(base::ConstBytes plaintext, base::Bytes out) noexcept;
  /// False, with the state unusable, when the tag is wrong. `out` has ciphertext.size() - 16 bytes.
  [[nodiscard]] bool decrypt_and_hash(base::ConstBytes ciphertext, base::Bytes out) noexcept;
  /// The two keys of the session: the first is the initiator's for sending.
  [[nodiscard]] std::pair<crypto::SymmetricKey, crypto::SymmetricKey> split() const noexcept;
  [[nodiscard]] const crypto::Hash& hash() const noexcept { return hash_; }

 private:
  SymmetricState() noexcept = default;

  crypto::SymmetricKey chaining_key_;
  crypto::SymmetricKey key_;
  crypto::Hash hash_{};
};

/// The state in which a handshake of `kind` with `responder` starts. WireGuard's identifier for
/// TUN, one of our own for TAP.
SymmetricState start_handshake(Kind kind, const crypto::PublicKey& responder) noexcept;

}  // namespace warren::protocol
