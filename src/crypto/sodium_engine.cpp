#include "sodium_engine.hpp"

#include <sodium.h>

#include <algorithm>

#include "sodium.hpp"

namespace warren::crypto {

// The combined forms put the tag behind the ciphertext. Sealing cannot fail: the lengths that are
// refused, 256 GiB for one cipher and 64 GiB for the other, do not occur. When opening, the tag is
// checked before anything is decrypted; `out` is zeroed when it is wrong.

// ---- ChaCha20-Poly1305
// -----------------------------------------------------------------------------

static_assert(crypto_aead_chacha20poly1305_ietf_KEYBYTES == kKeyBytes);
static_assert(crypto_aead_chacha20poly1305_ietf_NPUBBYTES == kNonceBytes);
static_assert(crypto_aead_chacha20poly1305_ietf_ABYTES == kTagBytes);

SodiumEngine::SodiumEngine() noexcept {
  ensure_sodium();
}

AeadKey SodiumEngine::prepare(const SymmetricKey& key) const {
  AeadKey prepared(kBackend, kCipher, kKeyBytes);
  std::ranges::copy(key.bytes(), prepared.material());
  return prepared;
}

void SodiumEngine::seal(const AeadMessage& message) noexcept {
  crypto_aead_chacha20poly1305_ietf_encrypt(raw(message.out), nullptr, raw(message.in.data()),
                                            message.in.size(), raw(message.associated.data()),
                                            message.associated.size(), nullptr,
                                            raw(message.nonce.data()), raw(message.key.material()));
}

bool SodiumEngine::open(const AeadMessage& message) noexcept {
  return crypto_aead_chacha20poly1305_ietf_decrypt(
             raw(message.out), nullptr, nullptr, raw(message.in.data()), message.in.size(),
             raw(message.associated.data()), message.associated.size(), raw(message.nonce.data()),
             raw(message.key.material())) == 0;
}

// ---- AES-256-GCM
// -----------------------------------------------------------------------------------

static_assert(crypto_aead_aes256gcm_KEYBYTES == kKeyBytes);
static_assert(crypto_aead_aes256gcm_NPUBBYTES == kNonceBytes);
static_assert(crypto_aead_aes256gcm_ABYTES == kTagBytes);

namespace {
const crypto_aead_aes256gcm_state* gcm_state(const AeadKey& key) noexcept {
  return reinterpret_cast<const crypto_aead_aes256gcm_state*>(key.material());
}
}  // namespace

bool SodiumGcmEngine::usable() noexcept {
  ensure_sodium();
  return crypto_aead_aes256gcm_is_available() == 1;
}

AeadKey SodiumGcmEngine::prepare(const SymmetricKey& key) const {
  AeadKey prepared(kBackend, kCipher, sizeof(crypto_aead_aes256gcm_state));
  crypto_aead_aes256gcm_beforenm(
      reinterpret_cast<crypto_aead_aes256gcm_state*>(prepared.material()), raw(key.bytes().data()));
  return prepared;
}

void SodiumGcmEngine::seal(const AeadMessage& message) noexcept {
  crypto_aead_aes256gcm_encrypt_afternm(raw(message.out), nullptr, raw(message.in.data()),
                                        message.in.size(), raw(message.associated.data()),
                                        message.associated.size(), nullptr,
                                        raw(message.nonce.data()), gcm_state(message.key));
}

bool SodiumGcmEngine::open(const AeadMessage& message) noexcept {
  return crypto_aead_aes256gcm_decrypt_afternm(
             raw(message.out), nullptr, nullptr, raw(message.in.data()), message.in.size(),
             raw(message.associated.data()), message.associated.size(), raw(message.nonce.data()),
             gcm_state(message.key)) == 0;
}

}  // namespace warren::crypto
