#include <algorithm>
#include <array>
#include <string_view>

#include <warren/protocol/noise.hpp>

namespace warren::protocol {

namespace {

std::string_view protocol_name_of(crypto::Cipher cipher) noexcept {
  return cipher == crypto::Cipher::chacha20_poly1305 ? "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"
                                                     : "Noise_IKpsk2_25519_AESGCM_BLAKE2s";
}

std::string_view identifier_of(Suite suite) noexcept {
  if (suite.cipher == crypto::Cipher::chacha20_poly1305) {
    return suite.kind == Kind::tun ? "WireGuard v1 zx2c4 Jason@zx2c4.com" : "Warren Ethernet v1";
  }
  return suite.kind == Kind::tun ? "Warren AES-256-GCM v1" : "Warren Ethernet AES-256-GCM v1";
}

SymmetricState start_of(Suite suite) noexcept {
  return {base::bytes_of(protocol_name_of(suite.cipher)), base::bytes_of(identifier_of(suite)),
          suite.cipher};
}

}  // namespace

SymmetricState::SymmetricState(base::ConstBytes protocol_name, base::ConstBytes prologue,
                               crypto::Cipher cipher) noexcept
    : cipher_(cipher) {
  // Noise, section 5.2: a name that fits is padded with zeros, a longer one is hashed.
  if (protocol_name.size() <= hash_.size()) {
    if (!protocol_name.empty()) {
      std::memcpy(hash_.data(), protocol_name.data(), protocol_name.size());
    }
  } else {
    hash_ = crypto::blake2s({protocol_name});
  }
  chaining_key_ = crypto::SymmetricKey(hash_);
  mix_hash(prologue);
}

SymmetricState SymmetricState::clone() const noexcept {
  SymmetricState copy(cipher_);
  copy.chaining_key_ = chaining_key_.clone();
  copy.key_ = key_.clone();
  copy.hash_ = hash_;
  return copy;
}

void SymmetricState::mix_hash(base::ConstBytes data) noexcept {
  hash_ = crypto::blake2s({hash_, data});
}

void SymmetricState::mix_key(base::ConstBytes input) noexcept {
  crypto::hkdf(chaining_key_, input, {&chaining_key_, &key_});
}

void SymmetricState::mix_key_and_hash(base::ConstBytes input) noexcept {
  crypto::SymmetricKey to_hash;
  crypto::hkdf(chaining_key_, input, {&chaining_key_, &to_hash, &key_});
  mix_hash(to_hash.bytes());
}

void SymmetricState::encrypt_and_hash(base::ConstBytes plaintext, base::Bytes out) noexcept {
  crypto::aead_seal(cipher_, key_, 0, hash_, plaintext, out);
  mix_hash(out);
}

bool SymmetricState::decrypt_and_hash(base::ConstBytes ciphertext, base::Bytes out) noexcept {
  if (!crypto::aead_open(cipher_, key_, 0, hash_, ciphertext, out)) return false;
  mix_hash(ciphertext);
  return true;
}

std::pair<crypto::SymmetricKey, crypto::SymmetricKey> SymmetricState::split() const noexcept {
  std::pair<crypto::SymmetricKey, crypto::SymmetricKey> keys;
  crypto::hkdf(chaining_key_, {}, {&keys.first, &keys.second});
  return keys;
}

SymmetricState start_handshake(Suite suite, const crypto::PublicKey& responder) noexcept {
  // The same for every handshake of a suite, so it is hashed once.
  static const std::array kStarts{start_of(kSuites[0]), start_of(kSuites[1]), start_of(kSuites[2]),
                                  start_of(kSuites[3])};
  static_assert(kStarts.size() == kSuites.size());
  const auto position = std::ranges::find(kSuites, suite) - kSuites.begin();
  SymmetricState state = kStarts[static_cast<std::size_t>(position)].clone();
  state.mix_hash(responder.bytes());
  return state;
}

}  // namespace warren::protocol
