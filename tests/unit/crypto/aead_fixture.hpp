// Seeded bytes and keys, and one-message calls, for the AEAD tests.
#pragma once

#include <array>
#include <random>

#include <warren/crypto/aead.hpp>

#include "vectors.hpp"

namespace warren::crypto::test {

class SeededBytes {
 public:
  explicit SeededBytes(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t number() { return engine_(); }
  ByteVector bytes(std::size_t count) {
    ByteVector out(count);
    for (auto& byte : out) byte = static_cast<std::byte>(engine_());
    return out;
  }
  SymmetricKey key() { return key_from<SymmetricKey>(bytes(kKeyBytes)); }

 private:
  std::mt19937_64 engine_;
};

inline ByteVector seal_one(Aead& aead, const SymmetricKey& key, std::uint64_t counter,
                           base::ConstBytes plaintext) {
  ByteVector sealed(plaintext.size() + kTagBytes);
  AeadJob job{.key = &key, .counter = counter, .in = plaintext, .out = sealed.data()};
  aead.seal({&job, 1});
  return sealed;
}

/// `out` needs room for sealed.size() - kTagBytes.
inline bool open_one(Aead& aead, const SymmetricKey& key, std::uint64_t counter,
                     base::ConstBytes sealed, std::byte* out) {
  AeadJob job{.key = &key, .counter = counter, .in = sealed, .out = out};
  aead.open({&job, 1});
  return job.authentic;
}

}  // namespace warren::crypto::test
