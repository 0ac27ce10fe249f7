// Keys as types. Secret ones are move-only, wiped when they die, compared in constant time, and can be
// printed only by the functions that say so.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <warren/base/bytes.hpp>
#include <warren/crypto/random.hpp>

namespace warren::crypto {

inline constexpr std::size_t kKeyBytes = 32;

/// Overwrites `bytes` in a way that the compiler may not remove.
void wipe(base::Bytes bytes) noexcept;

/// Constant-time equality; false for different lengths (the lengths are no secret).
bool equal(base::ConstBytes a, base::ConstBytes b) noexcept;

/// Base64 of 32 bytes (44 characters), in constant time.
std::string encode_base64(std::span<const std::byte, kKeyBytes> key);
/// Exactly 44 characters of canonical base64 to 32 bytes; false otherwise. Constant time.
bool decode_base64(std::string_view text, std::span<std::byte, kKeyBytes> key) noexcept;
/// 64 lower-case hex digits.
std::string encode_hex(std::span<const std::byte, kKeyBytes> key);
/// Exactly 64 hex digits of either case; false otherwise. Constant time.
bool decode_hex(std::string_view text, std::span<std::byte, kKeyBytes> key) noexcept;

/// A Curve25519 public key (RFC 7748). A value like any other.
class PublicKey {
 public:
  constexpr PublicKey() noexcept = default;
  explicit PublicKey(std::span<const std::byte, kKeyBytes> bytes) noexcept;
  static std::optional<PublicKey> from_base64(std::string_view text) noexcept;
  static std::optional<PublicKey> from_hex(std::string_view text) noexcept;
  [[nodiscard]] std::span<const std::byte, kKeyBytes> bytes() const noexcept { return bytes_; }
  [[nodiscard]] bool is_zero() const noexcept;
  [[nodiscard]] std::string to_base64() const;
  [[nodiscard]] std::string to_hex() const;
  friend auto operator<=>(const PublicKey&, const PublicKey&) noexcept = default;

 private:
  std::array<std::byte, kKeyBytes> bytes_{};
};

/// 32 secret bytes: move-only; a moved-from object is all zeros; wiped on destruction.
template <class Tag>
class Secret {
 public:
  Secret() noexcept = default;
  explicit Secret(std::span<const std::byte, kKeyBytes> bytes) noexcept {
    std::memcpy(bytes_.data(), bytes.data(), kKeyBytes);
  }
  Secret(Secret&& other) noexcept : bytes_(other.bytes_) { wipe(other.bytes_); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      bytes_ = other.bytes_;
      wipe(other.bytes_);
    }
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { wipe(bytes_); }

  static std::optional<Secret> from_base64(std::string_view text) noexcept {
    std::optional<Secret> secret(std::in_place);
    if (!decode_base64(text, secret->bytes_)) secret.reset();
    return secret;
  }
  static std::optional<Secret> from_hex(std::string_view text) noexcept {
    std::optional<Secret> secret(std::in_place);
    if (!decode_hex(text, secret->bytes_)) secret.reset();
    return secret;
  }
  /// A deliberate copy.
  [[nodiscard]] Secret clone() const noexcept { return Secret(bytes_); }
  [[nodiscard]] std::span<const std::byte, kKeyBytes> bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::span<std::byte, kKeyBytes> mutable_bytes() noexcept { return bytes_; }
  /// For the places that must show a secret (genkey, UAPI get). The result is not wiped.
  [[nodiscard]] std::string reveal_base64() const { return encode_base64(bytes_); }
  [[nodiscard]] std::string reveal_hex() const { return encode_hex(bytes_); }
  [[nodiscard]] bool is_zero() const noexcept {
    static constexpr std::array<std::byte, kKeyBytes> kZero{};
    return equal(bytes_, kZero);
  }
  friend bool operator==(const Secret& a, const Secret& b) noexcept {
    return equal(a.bytes_, b.bytes_);
  }

 private:
  std::array<std::byte, kKeyBytes> bytes_{};
};

struct SecretKeyTag;
struct PresharedKeyTag;
struct SymmetricKeyTag;
/// A Curve25519 private key. Clamping happens when it is used.
using SecretKey = Secret<SecretKeyTag>;
/// The optional preshared key of a peer; all zeros means none.
using PresharedKey = Secret<PresharedKeyTag>;
/// A chaining key, an AEAD key, a Diffie-Hellman result.
using SymmetricKey = Secret<SymmetricKeyTag>;

/// A new private key, clamped as `wg genkey` clamps it.
SecretKey generate_secret_key(const RandomSource& random);
PresharedKey generate_preshared_key(const RandomSource& random);

/// The public key of `secret`.
PublicKey public_key_of(const SecretKey& secret) noexcept;

/// X25519 (RFC 7748). Empty when the result is all zeros (a low-order public key).
std::optional<SymmetricKey> x25519(const SecretKey& secret, const PublicKey& peer) noexcept;

}  // namespace warren::crypto

template <>
struct std::hash<warren::crypto::PublicKey> {
  std::size_t operator()(const warren::crypto::PublicKey& key) const noexcept {
    std::size_t value;
    std::memcpy(&value, key.bytes().data(), sizeof value);
    return value;
  }
};
