#include <catch2/catch_test_macros.hpp>

#include <warren/crypto/hash.hpp>

#include "vectors.hpp"

using namespace warren;
using namespace warren::crypto;
using namespace warren::crypto::test;

namespace {

/// RFC 7693, appendix E: the deterministic sequence that its self-test hashes.
ByteVector self_test_sequence(std::size_t length) {
  auto a = static_cast<std::uint32_t>(0xDEAD4BADU * length);
  std::uint32_t b = 1;
  ByteVector out;
  for (std::size_t i = 0; i < length; ++i) {
    const std::uint32_t next = a + b;
    a = b;
    b = next;
    out.push_back(static_cast<std::byte>(next >> 24U));
  }
  return out;
}

ByteVector hash(base::ConstBytes key, base::ConstBytes input, std::size_t out_bytes) {
  ByteVector out(out_bytes);
  blake2s(key, {input}, out);
  return out;
}

}  // namespace

TEST_CASE("BLAKE2s of abc is that of RFC 7693, appendix B") {
  CHECK(to_hex(blake2s({base::bytes_of("abc")})) ==
        "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982");
}

TEST_CASE("the self-test of RFC 7693, appendix E, passes") {
  ByteVector digests;
  const auto collect = [&](const ByteVector& digest) {
    digests.insert(digests.end(), digest.begin(), digest.end());
  };
  for (const std::size_t out_bytes : {16U, 20U, 28U, 32U}) {
    for (const std::size_t in_bytes : {0U, 3U, 64U, 65U, 255U, 1024U}) {
      const auto input = self_test_sequence(in_bytes);
      collect(hash({}, input, out_bytes));
      collect(hash(self_test_sequence(out_bytes), input, out_bytes));
    }
  }
  CHECK(to_hex(hash({}, digests, 32)) ==
        "6a411f08ce25adcdfb02aba641451cec53c598b24f4fc787fbdc88797f4c1dfe");
}

TEST_CASE("hash, HMAC and HKDF agree with an independent implementation") {
  std::size_t hashes = 0;
  std::size_t macs = 0;
  std::size_t derivations = 0;
  for (const auto& row : read_vectors("blake2s.txt")) {
    CAPTURE(row);
    const auto key = from_hex(row.at(1));
    const auto input = from_hex(row.at(2));
    if (row.at(0) == "hash") {
      ++hashes;
      CHECK(to_hex(hash(key, input, row.at(3).size() / 2)) == row.at(3));
      if (!key.empty() && row.at(3).size() == 2 * kMacBytes) {
        CHECK(to_hex(keyed_blake2s(key, {input})) == row.at(3));
      }
    } else if (row.at(0) == "hmac") {
      ++macs;
      CHECK(to_hex(hmac_blake2s(key, {input})) == row.at(3));
    } else {
      ++derivations;
      SymmetricKey outputs[3];
      hkdf(key_from<SymmetricKey>(key), input, {&outputs[0], &outputs[1], &outputs[2]});
      for (std::size_t i = 0; i < 3; ++i) CHECK(outputs[i].reveal_hex() == row.at(3 + i));
    }
  }
  CHECK(hashes == 240);
  CHECK(macs == 48);
  CHECK(derivations == 5);
}

TEST_CASE("the parts of a hash are concatenated, however they are cut") {
  const auto input = self_test_sequence(200);
  const base::ConstBytes whole = input;
  const auto key = self_test_sequence(32);
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    const auto head = whole.first(cut);
    const auto tail = whole.subspan(cut);
    CHECK(blake2s({head, tail}) == blake2s({whole}));
    CHECK(blake2s({head, {}, tail}) == blake2s({whole}));
    CHECK(keyed_blake2s(key, {head, tail}) == keyed_blake2s(key, {whole}));
    CHECK(hmac_blake2s(key, {head, tail}) == hmac_blake2s(key, {whole}));
  }
}

TEST_CASE("HKDF with fewer outputs yields the first ones") {
  const auto chaining_key = key_from<SymmetricKey>(self_test_sequence(32));
  const auto input = self_test_sequence(50);
  SymmetricKey three[3];
  SymmetricKey two[2];
  SymmetricKey one;
  hkdf(chaining_key, input, {&three[0], &three[1], &three[2]});
  hkdf(chaining_key, input, {&two[0], &two[1]});
  hkdf(chaining_key, input, {&one});
  CHECK(two[0] == three[0]);
  CHECK(two[1] == three[1]);
  CHECK(one == three[0]);
}

TEST_CASE("an output of HKDF may take the place of the chaining key") {
  auto chaining_key = key_from<SymmetricKey>(self_test_sequence(32));
  const auto input = self_test_sequence(32);
  SymmetricKey expected[3];
  hkdf(chaining_key, input, {&expected[0], &expected[1], &expected[2]});
  SymmetricKey second;
  SymmetricKey third;
  hkdf(chaining_key, input, {&chaining_key, &second, &third});
  CHECK(chaining_key == expected[0]);
  CHECK(second == expected[1]);
  CHECK(third == expected[2]);
}
