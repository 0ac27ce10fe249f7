// Every engine there is, seeded bytes and keys, and one-message calls, for the AEAD tests.
#pragma once

#include <array>
#include <ostream>
#include <random>
#include <vector>

#include <warren/crypto/aead.hpp>

#include "vectors.hpp"

namespace warren::crypto::test {

/// A cipher and one of its backends.
struct Choice {
  Cipher cipher = Cipher::chacha20_poly1305;
  AeadBackend backend = AeadBackend::libsodium;
  [[nodiscard]] Aead engine() const { return Aead(backend, cipher); }
  /// What every backend of the cipher has to agree with.
  [[nodiscard]] Aead reference() const { return Aead(AeadBackend::libsodium, cipher); }
  friend std::ostream& operator<<(std::ostream& out, const Choice& choice) {
    return out << cipher_name(choice.cipher) << " by " << backend_name(choice.backend);
  }
};

inline std::vector<Choice> all_choices() {
  std::vector<Choice> all;
  for (const Cipher cipher : {Cipher::chacha20_poly1305, Cipher::aes_256_gcm}) {
    for (const AeadBackend backend : available_backends(cipher)) all.push_back({cipher, backend});
  }
  return all;
}

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
  const AeadKey prepared = aead.prepare(key);
  AeadJob job{.key = &prepared, .counter = counter, .in = plaintext, .out = sealed.data()};
  aead.seal({&job, 1});
  return sealed;
}

/// `out` needs room for sealed.size() - kTagBytes.
inline bool open_one(Aead& aead, const SymmetricKey& key, std::uint64_t counter,
                     base::ConstBytes sealed, std::byte* out) {
  const AeadKey prepared = aead.prepare(key);
  AeadJob job{.key = &prepared, .counter = counter, .in = sealed, .out = out};
  aead.open({&job, 1});
  return job.authentic;
}

}  // namespace warren::crypto::test
