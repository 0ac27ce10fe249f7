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
  explicit Batch(std::size_t count) : random(count) {
    for (int i = 0; i < 7; ++i) keys.push_back(random.key());
    for (std::size_t i = 0; i < count; ++i) {
      plaintexts.push_back(random.bytes(random.number() % 1500));
      sealed.emplace_back(plaintexts.back().size() + kTagBytes);
      opened.emplace_back(plaintexts.back().size(), std::byte{0xee});
      jobs.push_back({.key = &keys[i % keys.size()],
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

TEST_CASE("an engine names its backend, and keeps it when moved") {
  const auto backend = GENERATE(from_range(available_backends()));
  Aead first(backend);
  Aead second(std::move(first));
  CHECK(second.backend() == backend);
  Aead third(AeadBackend::libsodium);
  third = std::move(second);
  CHECK(third.backend() == backend);
}

TEST_CASE("threads may each make and use an engine of their own at once") {
  const auto backend = GENERATE(from_range(available_backends()));
  CAPTURE(backend_name(backend));
  std::array<std::size_t, 4> opened{};
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < opened.size(); ++i) {
      threads.emplace_back([backend, i, &count = opened[i]] {
        Aead aead(backend);
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

TEST_CASE("the nonce is four zero bytes and the counter, little-endian") {
  const auto backend = GENERATE(from_range(available_backends()));
  CAPTURE(backend_name(backend));
  SeededBytes random(1);
  const auto key = random.key();
  const auto plaintext = random.bytes(100);
  constexpr Nonce kNonce{std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0},
                         std::byte{8}, std::byte{7}, std::byte{6}, std::byte{5},
                         std::byte{4}, std::byte{3}, std::byte{2}, std::byte{1}};
  ByteVector expected(plaintext.size() + kTagBytes);
  MessageAead(AeadBackend::libsodium).seal({key, kNonce, {}, plaintext, expected.data()});
  Aead aead(backend);
  CHECK(seal_one(aead, key, 0x0102030405060708, plaintext) == expected);
}

TEST_CASE("the batch functions and the single ones speak the same cipher") {
  const auto backend = GENERATE(from_range(available_backends()));
  CAPTURE(backend_name(backend));
  SeededBytes random(2);
  const auto key = random.key();
  for (const std::size_t length : {0U, 1U, 16U, 100U, 1420U}) {
    const auto plaintext = random.bytes(length);
    ByteVector expected(length + kTagBytes);
    aead_seal(key, 5, {}, plaintext, expected);
    Aead aead(backend);
    CHECK(seal_one(aead, key, 5, plaintext) == expected);
  }
}

TEST_CASE("a batch of mixed lengths and keys opens to what was sealed") {
  const auto backend = GENERATE(from_range(available_backends()));
  const auto count =
      GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{4}, std::size_t{64}, std::size_t{300});
  CAPTURE(backend_name(backend), count);
  Batch batch(count);
  Aead aead(backend);
  aead.seal(batch.jobs);
  Aead reference(AeadBackend::libsodium);
  for (std::size_t i = 0; i < count; ++i) {
    const auto& job = batch.jobs[i];
    CHECK(seal_one(reference, *job.key, job.counter, batch.plaintexts[i]) == batch.sealed[i]);
  }
  batch.turn();
  aead.open(batch.jobs);
  CHECK(std::ranges::all_of(batch.jobs, &AeadJob::authentic));
  CHECK(batch.opened == batch.plaintexts);
}

TEST_CASE("a forged member of a batch is refused, and its neighbours are not") {
  const auto backend = GENERATE(from_range(available_backends()));
  CAPTURE(backend_name(backend));
  constexpr std::size_t kCount = 40;
  for (std::size_t forged = 0; forged < kCount; ++forged) {
    CAPTURE(forged);
    Batch batch(kCount);
    Aead aead(backend);
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
  const auto backend = GENERATE(from_range(available_backends()));
  CAPTURE(backend_name(backend));
  Aead aead(backend);
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
  const auto backend = GENERATE(from_range(available_backends()));
  CAPTURE(backend_name(backend));
  Aead aead(backend);
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
  SeededBytes random(5);
  const auto key = random.key();
  const auto nonce_bytes = random.bytes(kXNonceBytes);
  const auto nonce = std::span(nonce_bytes).first<kXNonceBytes>();
  const auto associated = random.bytes(32);
  const auto plaintext = random.bytes(48);
  ByteVector sealed(plaintext.size() + kTagBytes);
  ByteVector out(plaintext.size());

  aead_seal(key, 1, associated, plaintext, sealed);
  CHECK(aead_open(key, 1, associated, sealed, out));
  CHECK(out == plaintext);
  CHECK_FALSE(aead_open(key, 1, base::ConstBytes(associated).first(31), sealed, out));
  CHECK(all_zero(out));

  xaead_seal(key, nonce, associated, plaintext, sealed);
  CHECK(xaead_open(key, nonce, associated, sealed, out));
  CHECK(out == plaintext);
  CHECK_FALSE(xaead_open(key, nonce, base::ConstBytes(associated).first(31), sealed, out));
  CHECK(all_zero(out));
}

TEST_CASE("what is shorter than a tag is refused by the single functions") {
  SeededBytes random(6);
  const auto key = random.key();
  const auto nonce_bytes = random.bytes(kXNonceBytes);
  const auto nonce = std::span(nonce_bytes).first<kXNonceBytes>();
  for (std::size_t length = 0; length < kTagBytes; ++length) {
    const ByteVector in(length);
    CHECK_FALSE(aead_open(key, 0, {}, in, {}));
    CHECK_FALSE(xaead_open(key, nonce, {}, in, {}));
  }
}
