#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <warren/crypto/keys.hpp>

#include "vectors.hpp"

using namespace warren::crypto;
using namespace warren::crypto::test;

namespace {

std::string shared_hex(std::string_view secret, std::string_view peer) {
  const auto shared = x25519(key_from_hex<SecretKey>(secret), key_from_hex<PublicKey>(peer));
  return shared ? shared->reveal_hex() : "refused";
}

/// RFC 7748, section 5.2: both inputs start as 9; each round's result is the next scalar.
std::string iterated(int rounds) {
  std::array<std::byte, kKeyBytes> scalar{std::byte{9}};
  std::array<std::byte, kKeyBytes> point = scalar;
  for (int i = 0; i < rounds; ++i) {
    const auto shared = x25519(SecretKey(scalar), PublicKey(point));
    if (!shared) return "refused";
    point = scalar;
    std::ranges::copy(shared->bytes(), scalar.begin());
  }
  return encode_hex(scalar);
}

}  // namespace

TEST_CASE("the X25519 vectors of RFC 7748, section 5.2, hold") {
  CHECK(shared_hex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
                   "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c") ==
        "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
  CHECK(shared_hex("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
                   "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493") ==
        "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957");
}

TEST_CASE("the iterated X25519 vectors of RFC 7748 hold after 1 and 1000 rounds") {
  CHECK(iterated(1) == "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
  CHECK(iterated(1000) == "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
}

TEST_CASE("both sides of RFC 7748's Diffie-Hellman example, section 6.1, meet") {
  const auto alice =
      key_from_hex<SecretKey>("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
  const auto bob =
      key_from_hex<SecretKey>("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
  CHECK(public_key_of(alice).to_hex() ==
        "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
  CHECK(public_key_of(bob).to_hex() ==
        "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
  const auto shared = x25519(alice, public_key_of(bob));
  REQUIRE(shared);
  CHECK(shared->reveal_hex() == "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
  CHECK(x25519(bob, public_key_of(alice)) == shared);
}

TEST_CASE("a point of low order is refused") {
  // The points of order 1, 2, 4 and 8 of the curve and its twist, and 0, 1 and -1 once more above
  // p.
  const auto* point = GENERATE("0000000000000000000000000000000000000000000000000000000000000000",
                               "0100000000000000000000000000000000000000000000000000000000000000",
                               "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                               "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                               "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                               "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                               "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
  CAPTURE(point);
  CHECK(shared_hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a", point) ==
        "refused");
}

TEST_CASE("every X25519 case of Wycheproof holds, and an all-zero result is refused") {
  std::size_t refused = 0;
  const auto rows = read_vectors("x25519.txt");
  CHECK(rows.size() == 518);
  for (const auto& row : rows) {
    CAPTURE(row);
    if (row.at(3) == std::string(64, '0')) {
      ++refused;
      CHECK(shared_hex(row.at(1), row.at(2)) == "refused");
    } else {
      CHECK(shared_hex(row.at(1), row.at(2)) == row.at(3));
    }
  }
  CHECK(refused == 31);
}
