// What is asked of a backend once before it is trusted.
#pragma once

#include <array>
#include <cstddef>

#include "aead_engine.hpp"

namespace warren::crypto {

/// Whether `engine` seals a message as `reference` does and opens it again. Both are of one cipher.
template <AeadEngine E, AeadEngine Reference>
bool agrees_with(Reference reference, E& engine) {
  static_assert(E::kCipher == Reference::kCipher);
  constexpr std::size_t kLength = 1000;
  const SymmetricKey key;
  const Nonce nonce = nonce_of(E::kCipher, 1);
  const std::array<std::byte, kLength> plain{};
  std::array<std::byte, kLength + kTagBytes> expected;
  std::array<std::byte, kLength + kTagBytes> sealed;
  reference.seal({reference.prepare(key), nonce, {}, plain, expected.data()});
  const AeadKey prepared = engine.prepare(key);
  engine.seal({prepared, nonce, {}, plain, sealed.data()});
  return sealed == expected && engine.open({prepared, nonce, {}, sealed, sealed.data()});
}

}  // namespace warren::crypto
