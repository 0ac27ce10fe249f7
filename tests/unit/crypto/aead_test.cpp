// The contract of Aead: batches, forgeries, nonces, odd sizes.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <thread>

#include <warren/crypto/aead.hpp>

#include "aead_fixture.hpp"
#include "crypto/aead_engine.hpp"

using namespace warren;
using namespace warren::crypto;
using namespace warren::crypto::test;

namespace {

bool all_zero(base::ConstBytes bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

/// Sealed messages of mixed lengths under mixed keys, and room to open them.
struct Batch {
  Batch(const Aead& aead, std::size_t count) : random(count) {
    for (int i = 0; i < 7; ++i) {
      keys.push_back(random.key());
      prepared.push_back(aead.prepare(keys.back()));
    }
    for (std::size_t i = 0; i < count; ++i) {
      plaintexts.push_back(random.bytes(random.number() % 1500));
      sealed.emplace_back(plaintexts.back().size() + kTagBytes);
      opened.emplace_back(plaintexts.back().size(), std::byte{0xee});
      jobs.push_back({.key = &prepared[i % keys.size()],
                      .counter = random.number(),
                      .in = plaintexts[i],
                      .out = sealed[i].data()});
    }
  }
  /// Turns the jobs that sealed into jobs that open what came out.
  void turn() {
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      jobs[i].in = sealed[i];
      jobs[i].out = opened[i].data();
    }
  }

  SeededBytes random;
  std::vector<SymmetricKey> keys;
  std::vector<AeadKey> prepared;
  std::vector<ByteVector> plaintexts;
  std::vector<ByteVector> sealed;
  std::vector<ByteVector> opened;
  std::vector<AeadJob> jobs;
};

}  // namespace

TEST_CASE("libsodium is always among the backends, and the last one") {
  REQUIRE_FALSE(available_backends().empty());
  CHECK(available_backends().back() == AeadBackend::libsodium);
  CHECK(backend_name(AeadBackend::libsodium) == "libsodium");
  CHECK(backend_name(AeadBackend::ipsec_mb) == "intel-ipsec-mb");
}

TEST_CASE("AES-256-GCM has libsodium as its last backend, or no backend at all") {
  const auto backends = available_backends(Cipher::aes_256_gcm);
  if (backends.empty()) SKIP("this CPU has no AES instructions");
  CHECK(backends.back() == AeadBackend::libsodium);
}

TEST_CASE("a cipher is found by its name, and by no other") {
  for (const Cipher cipher : {Cipher::chacha20_poly1305, Cipher::aes_256_gcm}) {
    CHECK(cipher_from_name(cipher_name(cipher)) == cipher);
  }
  CHECK(cipher_name(Cipher::aes_256_gcm) == "aes-256-gcm");
  CHECK(cipher_name(Cipher::chacha20_poly1305) == "chacha20-poly1305");
  CHECK(cipher_from_name("AES-256-GCM") == std::nullopt);
  CHECK(cipher_from_name("") == std::nullopt);
}

TEST_CASE("an engine names its backend and cipher, and keeps them when moved") {
  const auto choice = GENERATE(from_range(all_choices()));
  Aead first = choice.engine();
  Aead second(std::move(first));
  CHECK(second.backend() == choice.backend);
  CHECK(second.cipher() == choice.cipher);
  Aead third(AeadBackend::libsodium);
  third = std::move(second);
  CHECK(third.backend() == choice.backend);
  CHECK(third.cipher() == choice.cipher);
}

TEST_CASE("a prepared key fits engines of its cipher and backend only, also when moved") {
  const auto choice = GENERATE(from_range(all_choices()));
  CAPTURE(choice);
  SeededBytes random(8);
  AeadKey first = choice.engine().prepare(random.key());
  const AeadKey key = std::move(first);
  for (const Choice& other : all_choices()) {
    const bool same = other.cipher == choice.cipher && other.backend == choice.backend;
    CHECK(key.fits(other.backend, other.cipher) == same);
    CHECK_FALSE(AeadKey().fits(other.backend, other.cipher));
  }
}

TEST_CASE("one prepared key serves the engines of several threads") {
  const auto choice = GENERATE(from_range(all_choices()));
  CAPTURE(choice);
  SeededBytes random(9);
  const auto key = random.key();
  const AeadKey prepared = choice.engine().prepare(key);
  const auto plaintext = random.bytes(1420);
  Aead reference = choice.reference();
  const auto expected = seal_one(reference, key, 3, plaintext);
  std::array<ByteVector, 4> sealed;
  sealed.fill(ByteVector(expected.size()));
  {
    std::vector<std::jthread> threads;
    for (ByteVector& out : sealed) {
      threads.emplace_back([&] {
        Aead aead = choice.engine();
        for (int i = 0; i < 100; ++i) {
          AeadJob job{.key = &prepared, .counter = 3, .in = plaintext, .out = out.data()};
          aead.seal({&job, 1});
        }
      });
    }
  }
  CHECK(std::ranges::count(sealed, expected) == 4);
}

TEST_CASE("threads may each make and use an engine of their own at once") {
  const auto choice = GENERATE(from_range(all_choices()));
  CAPTURE(choice);
  std::array<std::size_t, 4> opened{};
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < opened.size(); ++i) {
      threads.emplace_back([choice, i, &count = opened[i]] {
        Aead aead = choice.engine();
        SeededBytes random(i);
        const auto key = random.key();
        ByteVector out(500);
        for (std::uint64_t counter = 0; counter < 100; ++counter) {
          const auto plaintext = random.bytes(out.size());
          const auto sealed = seal_one(aead, key, counter, plaintext);
          if (open_one(aead, key, counter, sealed, out.data()) && out == plaintext) ++count;
        }
      });
    }
  }
  CHECK(opened == std::array<std::size_t, 4>{100, 100, 100, 100});
}

TEST_CASE("the nonce is four zero bytes and the counter, in the cipher's byte order") {
  const auto choice = GENERATE(from_range(all_choices()));
  CAPTURE(choice);
  SeededBytes random(1);
  const auto key = random.key();
  const auto plaintext = random.bytes(100);
  Nonce nonce{std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0}, std::byte{8}, std::byte{7},
              std::byte{6}, std::byte{5}, std::byte{4}, std::byte{3}, std::byte{2}, std::byte{1}};
  // Noise, section 12: little-endian for ChaChaPoly, big-endian for AESGCM.
  if (choice.cipher == Cipher::aes_256_gcm) std::reverse(nonce.begin() + 4, nonce.end());
  ByteVector expected(plaintext.size() + kTagBytes);
  MessageAead reference(AeadBackend::libsodium, choice.cipher);
  reference.seal({reference.prepare(key), nonce, {}, plaintext, expected.data()});
  Aead aead = choice.engine();
  CHECK(seal_one(aead, key, 0x0102030405060708, plaintext) == expected);
}

TEST_CASE("the batch functions and the single ones speak the same cipher") {
  const auto choice = GENERATE(from_range(all_choices()));
  CAPTURE(choice);
  SeededBytes random(2);
  const auto key = random.key();
  for (const std::size_t length : {0U, 1U, 16U, 100U, 1420U}) {
    const auto plaintext = random.bytes(length);
    ByteVector expected(length + kTagBytes);
    aead_seal(choice.cipher, key, 5, {}, plaintext, expected);
    Aead aead = choice.engine();
    CHECK(seal_one(aead, key, 5, plaintext) == expected);
  }
}

TEST_CASE("a batch of mixed lengths and keys opens to what was sealed") {
  const auto choice = GENERATE(from_range(all_choices()));
  const auto count =
      GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{4}, std::size_t{64}, std::size_t{300});
  CAPTURE(choice, count);
  Aead aead = choice.engine();
  Batch batch(aead, count);
  aead.seal(batch.jobs);
  Aead reference = choice.reference();
  for (std::size_t i = 0; i < count; ++i) {
    const auto& job = batch.jobs[i];
    CHECK(seal_one(reference, batch.keys[i % batch.keys.size()], job.counter,
                   batch.plaintexts[i]) == batch.sealed[i]);
  }
  batch.turn();
  aead.open(batch.jobs);
  CHECK(std::ranges::all_of(batch.jobs, &AeadJob::authentic));
  CHECK(batch.opened == batch.plaintexts);
}

TEST_CASE("a forged member of a batch is refused, and its neighbours are not") {
  const auto choice = GENERATE(from_range(all_choices()));
  CAPTURE(choice);
  constexpr std::size_t kCount = 40;
  for (std::size_t forged = 0; forged < kCount; ++forged) {
    CAPTURE(forged);
    Aead aead = choice.engine();
    Batch batch(aead, kCount);
    aead.seal(batch.jobs);
    batch.turn();
    auto& victim = batch.sealed[forged];
    victim[batch.random.number() % victim.size()] ^= std::byte{0x20};
    aead.open(batch.jobs);
    for (std::size_t i = 0; i < kCount; ++i) {
      CHECK(batch.jobs[i].authentic == (i != forged));
      if (i != forged) CHECK(batch.opened[i] == batch.plaintexts[i]);
    }
    CHECK(all_zero(batch.opened[forged]));
  }
}

TEST_CASE("no flipped bit goes unnoticed, and none releases plaintext") {
  const auto choice = GENERATE(from_range(all_choices()));
  CAPTURE(choice);
  Aead aead = choice.engine();
  SeededBytes random(3);
  const auto key = random.key();
  for (const std::size_t length : {0U, 1U, 15U, 16U, 17U, 63U, 64U, 65U, 128U, 257U, 1420U}) {
    CAPTURE(length);
    const auto plaintext = random.bytes(length);
    const auto sealed = seal_one(aead, key, 9, plaintext);
    // Every bit of the tag and of short messages; of a long message every 7th bit.
    const std::size_t step = length > 300 ? 7 : 1;
    std::size_t accepted = 0;
    std::size_t released = 0;
    const auto try_with = [&](std::size_t bit) {
      auto forged = sealed;
      forged[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
      ByteVector out(length, std::byte{0xee});
      if (open_one(aead, key, 9, forged, out.data())) ++accepted;
      if (!all_zero(out)) ++released;
      if (open_one(aead, key, 9, forged, forged.data())) ++accepted;  // in place
      if (!all_zero(base::ConstBytes(forged).first(length))) ++released;
    };
    for (std::size_t bit = 0; bit < 8 * length; bit += step) try_with(bit);
    for (std::size_t bit = 8 * length; bit < 8 * sealed.size(); ++bit) try_with(bit);
    CHECK(accepted == 0);
    CHECK(released == 0);
  }
}

TEST_CASE("another key, another counter, or a cut message is refused") {
  const auto choice = GENERATE(from_range(all_choices()));
  CAPTURE(choice);
  Aead aead = choice.engine();
  SeededBytes random(4);
  const auto key = random.key();
  const auto sealed = seal_one(aead, key, 7, random.bytes(200));
  ByteVector out(200, std::byte{0xee});
  CHECK_FALSE(open_one(aead, random.key(), 7, sealed, out.data()));
  CHECK(all_zero(out));
  CHECK_FALSE(open_one(aead, key, 8, sealed, out.data()));
  CHECK_FALSE(open_one(aead, key, 7ULL | 1ULL << 63U, sealed, out.data()));
  for (std::size_t length = 0; length < sealed.size(); ++length) {
    CAPTURE(length);
    CHECK_FALSE(open_one(aead, key, 7, base::ConstBytes(sealed).first(length), out.data()));
  }
  CHECK(open_one(aead, key, 7, sealed, out.data()));
}

TEST_CASE("associated data is authenticated") {
  const Cipher cipher = GENERATE(from_range(all_choices())).cipher;
  SeededBytes random(5);
  const auto key = random.key();
  const auto nonce_bytes = random.bytes(kXNonceBytes);
  const auto nonce = std::span(nonce_bytes).first<kXNonceBytes>();
  const auto associated = random.bytes(32);
  const auto plaintext = random.bytes(48);
  ByteVector sealed(plaintext.size() + kTagBytes);
  ByteVector out(plaintext.size());

  aead_seal(cipher, key, 1, associated, plaintext, sealed);
  CHECK(aead_open(cipher, key, 1, associated, sealed, out));
  CHECK(out == plaintext);
  CHECK_FALSE(aead_open(cipher, key, 1, base::ConstBytes(associated).first(31), sealed, out));
  CHECK(all_zero(out));

  xaead_seal(key, nonce, associated, plaintext, sealed);
  CHECK(xaead_open(key, nonce, associated, sealed, out));
  CHECK(out == plaintext);
  CHECK_FALSE(xaead_open(key, nonce, base::ConstBytes(associated).first(31), sealed, out));
  CHECK(all_zero(out));
}

TEST_CASE("what is shorter than a tag is refused by the single functions") {
  const Cipher cipher = GENERATE(from_range(all_choices())).cipher;
  SeededBytes random(6);
  const auto key = random.key();
  const auto nonce_bytes = random.bytes(kXNonceBytes);
  const auto nonce = std::span(nonce_bytes).first<kXNonceBytes>();
  for (std::size_t length = 0; length < kTagBytes; ++length) {
    const ByteVector in(length);
    CHECK_FALSE(aead_open(cipher, key, 0, {}, in, {}));
    CHECK_FALSE(xaead_open(key, nonce, {}, in, {}));
  }
}
