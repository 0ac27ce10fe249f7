#include "sodium_engine.hpp"

#include <sodium.h>

#include "sodium.hpp"

namespace warren::crypto {

static_assert(crypto_aead_chacha20poly1305_ietf_KEYBYTES == kKeyBytes);
static_assert(crypto_aead_chacha20poly1305_ietf_NPUBBYTES == kNonceBytes);
static_assert(crypto_aead_chacha20poly1305_ietf_ABYTES == kTagBytes);

SodiumEngine::SodiumEngine() noexcept {
  ensure_sodium();
}

void SodiumEngine::seal(const AeadMessage& message) noexcept {
  // The combined form puts the tag behind the ciphertext. It cannot fail: the length it refuses,
  // 256 GiB, does not fit a span here.
  crypto_aead_chacha20poly1305_ietf_encrypt(
      raw(message.out), nullptr, raw(message.in.data()), message.in.size(),
      raw(message.associated.data()), message.associated.size(), nullptr, raw(message.nonce.data()),
      raw(message.key.bytes().data()));
}

bool SodiumEngine::open(const AeadMessage& message) noexcept {
  // The tag is checked before anything is decrypted; `out` is zeroed when it is wrong.
  return crypto_aead_chacha20poly1305_ietf_decrypt(
             raw(message.out), nullptr, nullptr, raw(message.in.data()), message.in.size(),
             raw(message.associated.data()), message.associated.size(), raw(message.nonce.data()),
             raw(message.key.bytes().data())) == 0;
}

}  // namespace warren::crypto
