// Nothing here allocates.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include <warren/crypto/aead.hpp>
#include <warren/crypto/hash.hpp>

#include "aead_fixture.hpp"
#include "support/counting_new.hpp"

using namespace warren;
using namespace warren::crypto;
using namespace warren::crypto::test;

TEST_CASE("sealing and opening a batch allocate nothing, forgeries included") {
  const auto choice = GENERATE(from_range(all_choices()));
  CAPTURE(choice);
  constexpr std::size_t kCount = 200;
  SeededBytes random(21);
  Aead aead = choice.engine();
  const AeadKey key = aead.prepare(random.key());
  std::vector<ByteVector> buffers;
  std::vector<AeadJob> jobs;
  for (std::size_t i = 0; i < kCount; ++i) buffers.push_back(random.bytes(i * 10 + kTagBytes));
  for (std::size_t i = 0; i < kCount; ++i) {
    jobs.push_back(
        {.key = &key, .counter = i, .in = {buffers[i].data(), i * 10}, .out = buffers[i].data()});
  }
  std::size_t authentic = 0;
  const unsigned allocations = warren::test::allocations_in([&] {
    aead.seal(jobs);
    for (std::size_t i = 0; i < kCount; ++i) jobs[i].in = buffers[i];
    buffers[100][50] ^= std::byte{1};
    aead.open(jobs);
    for (const auto& job : jobs) authentic += job.authentic ? 1 : 0;
  });
  CHECK(allocations == 0);
  CHECK(authentic == kCount - 1);
}

TEST_CASE("hashing, key agreement and the single AEAD calls allocate nothing") {
  const Cipher cipher = GENERATE(from_range(all_choices())).cipher;
  SeededBytes random(22);
  const auto input = random.bytes(148);
  const auto secret = key_from<SecretKey>(base::ConstBytes(input).first(kKeyBytes));
  ByteVector sealed(input.size() + kTagBytes);
  ByteVector opened(input.size());
  std::optional<SymmetricKey> shared;
  bool authentic = false;
  const unsigned allocations = warren::test::allocations_in([&] {
    shared = x25519(secret, public_key_of(secret));
    SymmetricKey derived;
    hkdf(*shared, input, {&*shared, &derived});
    const Mac mac = keyed_blake2s(derived.bytes(), {input});
    aead_seal(cipher, derived, 0, mac, input, sealed);
    authentic = aead_open(cipher, derived, 0, mac, sealed, opened);
  });
  CHECK(allocations == 0);
  CHECK(authentic);
  CHECK(opened == input);
}
