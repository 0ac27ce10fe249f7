// The public vectors of Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s and
// Noise_IKpsk2_25519_AESGCM_BLAKE2s.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <set>

#include <warren/crypto/aead.hpp>
#include <warren/protocol/noise.hpp>

#include "support/vector_file.hpp"

namespace warren::protocol {
namespace {

using Buffer = std::vector<std::byte>;

crypto::SecretKey secret_of(const std::string& hex) {
  return crypto::SecretKey::from_hex(hex).value();
}

Buffer joined(base::ConstBytes first, base::ConstBytes second, base::ConstBytes third = {}) {
  Buffer all(first.begin(), first.end());
  all.insert(all.end(), second.begin(), second.end());
  all.insert(all.end(), third.begin(), third.end());
  return all;
}

Buffer encrypted(SymmetricState& state, base::ConstBytes plaintext) {
  Buffer out(plaintext.size() + 16);
  state.encrypt_and_hash(plaintext, out);
  return out;
}

void mix_dh(SymmetricState& state, const crypto::SecretKey& own, const crypto::PublicKey& other) {
  state.mix_key(crypto::x25519(own, other).value().bytes());
}

void mix_ephemeral(SymmetricState& state, const crypto::PublicKey& key) {
  state.mix_hash(key.bytes());
  state.mix_key(key.bytes());
}

TEST_CASE("the symmetric state reproduces the public vectors of IKpsk2") {
  struct File {
    crypto::Cipher cipher;
    std::string name;
  };
  const auto file = GENERATE(values<File>({
      {crypto::Cipher::chacha20_poly1305, "protocol/noise_ikpsk2.txt"},
      {crypto::Cipher::aes_256_gcm, "protocol/noise_ikpsk2_aesgcm.txt"},
  }));
  CAPTURE(file.name);
  if (!crypto::is_available(file.cipher)) SKIP("this CPU has no AES instructions");
  const auto vectors = test::read_vectors(file.name);
  REQUIRE(vectors.size() == 4);
  for (auto vector : vectors) {
    const Buffer prologue = test::unhex(vector["prologue"]);
    const auto initiator = secret_of(vector["init_static"]);
    const auto responder = secret_of(vector["resp_static"]);
    const auto e_i = secret_of(vector["gen_init_ephemeral"]);
    const auto e_r = secret_of(vector["gen_resp_ephemeral"]);
    const auto initiator_public = crypto::public_key_of(initiator);
    const auto responder_public = crypto::public_key_of(responder);
    const auto e_i_public = crypto::public_key_of(e_i);
    const auto e_r_public = crypto::public_key_of(e_r);

    SymmetricState state(base::bytes_of(vector["handshake"]), prologue, file.cipher);
    state.mix_hash(responder_public.bytes());
    mix_ephemeral(state, e_i_public);
    mix_dh(state, e_i, responder_public);
    const Buffer sealed_static = encrypted(state, initiator_public.bytes());
    mix_dh(state, initiator, responder_public);
    const Buffer first = encrypted(state, test::unhex(vector["msg_0_payload"]));
    CHECK(joined(e_i_public.bytes(), sealed_static, first) ==
          test::unhex(vector["msg_0_ciphertext"]));

    mix_ephemeral(state, e_r_public);
    mix_dh(state, e_r, e_i_public);
    mix_dh(state, e_r, initiator_public);
    state.mix_key_and_hash(test::unhex(vector["preshared_key"]));
    const Buffer second = encrypted(state, test::unhex(vector["msg_1_payload"]));
    CHECK(joined(e_r_public.bytes(), second) == test::unhex(vector["msg_1_ciphertext"]));

    const auto [initiators, responders] = state.split();
    Buffer third = test::unhex(vector["msg_2_payload"]);
    third.resize(third.size() + 16);
    crypto::aead_seal(file.cipher, initiators, 0, {}, std::span(third).first(third.size() - 16),
                      third);
    CHECK(third == test::unhex(vector["msg_2_ciphertext"]));
    Buffer fourth = test::unhex(vector["msg_3_payload"]);
    fourth.resize(fourth.size() + 16);
    crypto::aead_seal(file.cipher, responders, 0, {}, std::span(fourth).first(fourth.size() - 16),
                      fourth);
    CHECK(fourth == test::unhex(vector["msg_3_ciphertext"]));
  }
}

TEST_CASE("a wrong tag is refused by the symmetric state") {
  SymmetricState one(base::bytes_of("name"), {}, crypto::Cipher::chacha20_poly1305);
  one.mix_key(base::bytes_of("input"));
  SymmetricState other = one.clone();
  Buffer sealed = encrypted(one, base::bytes_of("hello"));
  sealed[2] ^= std::byte{1};
  Buffer out(5);
  CHECK_FALSE(other.decrypt_and_hash(sealed, out));
}

TEST_CASE("handshakes of every suite start from a hash of their own") {
  const crypto::PublicKey key;
  std::set<crypto::Hash> hashes;
  for (const Suite suite : kSuites) hashes.insert(start_handshake(suite, key).hash());
  CHECK(hashes.size() == kSuites.size());
}

}  // namespace
}  // namespace warren::protocol
