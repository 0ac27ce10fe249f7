// Theory of operation
//
// One call per message: intel-ipsec-mb's direct function for AES-256-GCM takes the prepared key, a
// nonce of 12 bytes and the whole message, and leaves ciphertext and tag. Round keys and the powers
// of the GHASH key (48 with VAES) were computed when the session began; at 64 bytes that set-up
// would cost more than the message. The job interface ends in the same function.
//
// The library computes the tag but leaves its comparison to the caller, and decrypts whether or not
// the tag is right: open compares in constant time, then wipes the plaintext if it must.
//
// The library also runs on CPUs without AES instructions, by code whose memory accesses depend on
// the key; that code is not used.

#include "ipsec_mb_gcm_engine.hpp"

#include <intel-ipsec-mb.h>

#include <array>

#include <warren/base/assert.hpp>

#include "self_check.hpp"
#include "sodium.hpp"
#include "sodium_engine.hpp"

namespace warren::crypto {
namespace {

static_assert(IMB_GCM_256_KEY_LEN == kKeyBytes);
static_assert(IMB_GCM_IV_DATA_LEN == kNonceBytes);
static_assert(sizeof(gcm_key_data) <= 1024 && alignof(gcm_key_data) <= 64);

const gcm_key_data* key_data(const AeadKey& key) noexcept {
  return reinterpret_cast<const gcm_key_data*>(key.material());
}

}  // namespace

IpsecMbGcmEngine::IpsecMbGcmEngine() : manager_(make_ipsec_mb_manager()) {
  WARREN_ASSERT(manager_ != nullptr, "intel-ipsec-mb is not usable here");
}

bool IpsecMbGcmEngine::usable() noexcept {
  static const bool result = [] {
    IpsecMbManager manager = make_ipsec_mb_manager();
    if (!manager || (manager->features & IMB_FEATURE_AESNI) == 0 ||
        (manager->features & IMB_FEATURE_PCLMULQDQ) == 0 || !SodiumGcmEngine::usable()) {
      return false;
    }
    // Not every build of the library has a self-test: compare with libsodium once.
    IpsecMbGcmEngine engine(std::move(manager));
    return agrees_with(SodiumGcmEngine(), engine);
  }();
  return result;
}

AeadKey IpsecMbGcmEngine::prepare(const SymmetricKey& key) const {
  AeadKey prepared(kBackend, kCipher, sizeof(gcm_key_data));
  IMB_AES256_GCM_PRE(manager_.get(), raw(key.bytes().data()),
                     reinterpret_cast<gcm_key_data*>(prepared.material()));
  return prepared;
}

void IpsecMbGcmEngine::seal(const AeadMessage& message) noexcept {
  const std::size_t length = message.in.size();
  gcm_context_data context;
  IMB_AES256_GCM_ENC(manager_.get(), key_data(message.key), &context, raw(message.out),
                     raw(message.in.data()), length, raw(message.nonce.data()),
                     raw(message.associated.data()), message.associated.size(),
                     raw(message.out + length), kTagBytes);
}

bool IpsecMbGcmEngine::open(const AeadMessage& message) noexcept {
  const std::size_t length = message.in.size() - kTagBytes;
  gcm_context_data context;
  std::array<std::byte, kTagBytes> tag;
  IMB_AES256_GCM_DEC(manager_.get(), key_data(message.key), &context, raw(message.out),
                     raw(message.in.data()), length, raw(message.nonce.data()),
                     raw(message.associated.data()), message.associated.size(), raw(tag.data()),
                     kTagBytes);
  const bool authentic = equal_tags(tag.data(), message.in.data() + length);
  if (!authentic) {
    wipe({message.out, length});
    // The right tag of a forged message is what a forger needs.
    wipe(std::as_writable_bytes(std::span(&context, 1)));
    wipe(tag);
  }
  return authentic;
}

}  // namespace warren::crypto
