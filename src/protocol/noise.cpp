#include <warren/crypto/aead.hpp>
#include <warren/protocol/noise.hpp>

namespace warren::protocol {

namespace {
constexpr std::string_view kProtocolName = "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s";
constexpr std::string_view kTunIdentifier = "WireGuard v1 zx2c4 Jason@zx2c4.com";
constexpr std::string_view kTapIdentifier = "Warren Ethernet v1";
}  // namespace

SymmetricState::SymmetricState(base::ConstBytes protocol_name, base::ConstBytes prologue) noexcept {
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
  SymmetricState copy;
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
  crypto::aead_seal(key_, 0, hash_, plaintext, out);
  mix_hash(out);
}

bool SymmetricState::decrypt_and_hash(base::ConstBytes ciphertext, base::Bytes out) noexcept {
  if (!crypto::aead_open(key_, 0, hash_, ciphertext, out)) return false;
  mix_hash(ciphertext);
  return true;
}

std::pair<crypto::SymmetricKey, crypto::SymmetricKey> SymmetricState::split() const noexcept {
  std::pair<crypto::SymmetricKey, crypto::SymmetricKey> keys;
  crypto::hkdf(chaining_key_, {}, {&keys.first, &keys.second});
  return keys;
}

SymmetricState start_handshake(Kind kind, const crypto::PublicKey& responder) noexcept {
  // The same for every handshake of a kind, so it is hashed once.
  static const SymmetricState kTun(base::bytes_of(kProtocolName), base::bytes_of(kTunIdentifier));
  static const SymmetricState kTap(base::bytes_of(kProtocolName), base::bytes_of(kTapIdentifier));
  SymmetricState state = (kind == Kind::tun ? kTun : kTap).clone();
  state.mix_hash(responder.bytes());
  return state;
}

}  // namespace warren::protocol
