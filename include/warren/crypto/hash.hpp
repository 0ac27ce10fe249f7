// BLAKE2s (RFC 7693), HMAC over it (RFC 2104), and the Noise HKDF built on that.
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>

#include <warren/base/bytes.hpp>
#include <warren/crypto/keys.hpp>

namespace warren::crypto {

inline constexpr std::size_t kHashBytes = 32;
inline constexpr std::size_t kMacBytes = 16;
using Hash = std::array<std::byte, kHashBytes>;
using Mac = std::array<std::byte, kMacBytes>;

/// BLAKE2s-256 of the concatenation of `parts`.
Hash blake2s(std::initializer_list<base::ConstBytes> parts) noexcept;

/// Keyed BLAKE2s with 16 bytes of output over the concatenation of `parts`. `key`: 1 to 32 bytes.
Mac keyed_blake2s(base::ConstBytes key, std::initializer_list<base::ConstBytes> parts) noexcept;

/// Keyed or unkeyed (empty key) BLAKE2s with 1 to 32 bytes of output: the general form, for vectors.
void blake2s(base::ConstBytes key, std::initializer_list<base::ConstBytes> parts,
             base::Bytes out) noexcept;

/// HMAC-BLAKE2s-256.
Hash hmac_blake2s(base::ConstBytes key, std::initializer_list<base::ConstBytes> parts) noexcept;

/// The Noise HKDF: fills the first one, two or three outputs (each 32 bytes) from a chaining key and
/// input. An output may alias `chaining_key`.
void hkdf(const SymmetricKey& chaining_key, base::ConstBytes input,
          std::initializer_list<SymmetricKey*> outputs) noexcept;

}  // namespace warren::crypto
