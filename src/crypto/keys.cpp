#include <sodium.h>

#include <algorithm>

#include <warren/base/assert.hpp>
#include <warren/crypto/keys.hpp>

#include "sodium.hpp"

namespace warren::crypto {
namespace {

constexpr std::size_t kBase64Characters = 44;
constexpr std::size_t kHexDigits = 2 * kKeyBytes;

static_assert(sodium_base64_ENCODED_LEN(kKeyBytes, sodium_base64_VARIANT_ORIGINAL) ==
              kBase64Characters + 1);
static_assert(crypto_scalarmult_curve25519_BYTES == kKeyBytes);
static_assert(crypto_scalarmult_curve25519_SCALARBYTES == kKeyBytes);

/// Whether every character is ASCII; looks at all of them. libsodium 1.0.18 takes the characters of
/// base64 as signed, and reads some digit out of every negative one.
bool is_ascii(std::string_view text) noexcept {
  unsigned all = 0;
  for (const char character : text) all |= static_cast<unsigned char>(character);
  return all < 0x80;
}

/// Hands `decoded` over when `valid`, and wipes it either way: it may hold a part of a secret.
bool deliver(bool valid, base::Bytes decoded, std::span<std::byte, kKeyBytes> key) noexcept {
  if (valid) std::ranges::copy(decoded, key.begin());
  wipe(decoded);
  return valid;
}

}  // namespace

void wipe(base::Bytes bytes) noexcept {
  sodium_memzero(bytes.data(), bytes.size());
}

bool equal(base::ConstBytes a, base::ConstBytes b) noexcept {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

// libsodium's codecs compute each character without table or branch on the data; a decoder that
// stops at a character outside the alphabet tells only where the text was malformed.

std::string encode_base64(std::span<const std::byte, kKeyBytes> key) {
  std::string text(kBase64Characters + 1, '\0');  // room for the terminator that libsodium writes
  sodium_bin2base64(text.data(), text.size(), raw(key.data()), key.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  text.pop_back();
  return text;
}

bool decode_base64(std::string_view text, std::span<std::byte, kKeyBytes> key) noexcept {
  // The length leaves exactly one padding character and two spare bits, which must be zero: that is
  // libsodium's rule for this variant and that of wg, so every key has one spelling.
  if (text.size() != kBase64Characters || !is_ascii(text)) return false;
  std::array<std::byte, kKeyBytes> decoded;
  std::size_t length = 0;
  const bool valid =
      sodium_base642bin(raw(decoded.data()), decoded.size(), text.data(), text.size(), nullptr,
                        &length, nullptr, sodium_base64_VARIANT_ORIGINAL) == 0 &&
      length == kKeyBytes;
  return deliver(valid, decoded, key);
}

std::string encode_hex(std::span<const std::byte, kKeyBytes> key) {
  std::string text(kHexDigits + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), raw(key.data()), key.size());
  text.pop_back();
  return text;
}

bool decode_hex(std::string_view text, std::span<std::byte, kKeyBytes> key) noexcept {
  if (text.size() != kHexDigits) return false;
  std::array<std::byte, kKeyBytes> decoded;
  std::size_t length = 0;
  const bool valid = sodium_hex2bin(raw(decoded.data()), decoded.size(), text.data(), text.size(),
                                    nullptr, &length, nullptr) == 0 &&
                     length == kKeyBytes;
  return deliver(valid, decoded, key);
}

PublicKey::PublicKey(std::span<const std::byte, kKeyBytes> bytes) noexcept {
  std::ranges::copy(bytes, bytes_.begin());
}

std::optional<PublicKey> PublicKey::from_base64(std::string_view text) noexcept {
  PublicKey key;
  if (!decode_base64(text, key.bytes_)) return std::nullopt;
  return key;
}

std::optional<PublicKey> PublicKey::from_hex(std::string_view text) noexcept {
  PublicKey key;
  if (!decode_hex(text, key.bytes_)) return std::nullopt;
  return key;
}

bool PublicKey::is_zero() const noexcept {
  return *this == PublicKey();
}

std::string PublicKey::to_base64() const {
  return encode_base64(bytes_);
}

std::string PublicKey::to_hex() const {
  return encode_hex(bytes_);
}

SecretKey generate_secret_key(const RandomSource& random) {
  SecretKey secret;
  const auto bytes = secret.mutable_bytes();
  random.fill(bytes);
  // RFC 7748, section 5: a multiple of the cofactor 8, with bit 254 set and bit 255 clear.
  bytes.front() &= std::byte{0xf8};
  bytes.back() = (bytes.back() & std::byte{0x7f}) | std::byte{0x40};
  return secret;
}

PresharedKey generate_preshared_key(const RandomSource& random) {
  PresharedKey secret;
  random.fill(secret.mutable_bytes());
  return secret;
}

PublicKey public_key_of(const SecretKey& secret) noexcept {
  ensure_sodium();
  std::array<std::byte, kKeyBytes> bytes;
  const int status = crypto_scalarmult_base(raw(bytes.data()), raw(secret.bytes().data()));
  WARREN_ASSERT(status == 0, "crypto_scalarmult_base() = {}", status);
  return PublicKey(bytes);
}

std::optional<SymmetricKey> x25519(const SecretKey& secret, const PublicKey& peer) noexcept {
  ensure_sodium();
  std::optional<SymmetricKey> shared(std::in_place);
  // libsodium refuses low-order points itself; the check of the result is RFC 7748, section 6.1.
  const int status = crypto_scalarmult(raw(shared->mutable_bytes().data()),
                                       raw(secret.bytes().data()), raw(peer.bytes().data()));
  if (status != 0 || shared->is_zero()) shared.reset();
  return shared;
}

}  // namespace warren::crypto
