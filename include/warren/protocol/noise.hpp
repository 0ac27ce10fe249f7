// The symmetric state of the Noise protocol framework (revision 34, section 5.2) with BLAKE2s and
// the suite's cipher. Every key here encrypts at most one message before the next key is mixed in,
// so the nonce is always zero, as in WireGuard.
#pragma once

#include <utility>

#include <warren/base/bytes.hpp>
#include <warren/crypto/aead.hpp>
#include <warren/crypto/hash.hpp>
#include <warren/crypto/keys.hpp>
#include <warren/protocol/suite.hpp>

namespace warren::protocol {

/// Holds secrets: move-only, wiped on destruction. One thread.
class SymmetricState {
 public:
  /// Hashes the protocol's name (of any length) and the prologue.
  SymmetricState(base::ConstBytes protocol_name, base::ConstBytes prologue,
                 crypto::Cipher cipher) noexcept;
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
  explicit SymmetricState(crypto::Cipher cipher) noexcept : cipher_(cipher) {}

  crypto::Cipher cipher_;
  crypto::SymmetricKey chaining_key_;
  crypto::SymmetricKey key_;
  crypto::Hash hash_{};
};

/// The state in which a handshake of `suite` with `responder` starts.
SymmetricState start_handshake(Suite suite, const crypto::PublicKey& responder) noexcept;

}  // namespace warren::protocol
