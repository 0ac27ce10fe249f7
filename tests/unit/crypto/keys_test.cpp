#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <new>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include <warren/crypto/keys.hpp>

#include "vectors.hpp"

using namespace warren;
using namespace warren::crypto;
using namespace warren::crypto::test;

namespace {

using KeyBytes = std::array<std::byte, kKeyBytes>;

constexpr KeyBytes filled(unsigned char value) {
  KeyBytes bytes{};
  bytes.fill(static_cast<std::byte>(value));
  return bytes;
}

KeyBytes counted_from(unsigned first) {
  KeyBytes bytes;
  for (auto& byte : bytes) byte = static_cast<std::byte>(first++);
  return bytes;
}

bool decodes(std::string_view text) {
  KeyBytes bytes;
  return decode_base64(text, bytes);
}

bool decodes_hex(std::string_view text) {
  KeyBytes bytes;
  return decode_hex(text, bytes);
}

/// Out of line, so that what the caller sees in the storage is what the destructor left there.
[[gnu::noinline]] void destroy(SecretKey& key) {
  key.~SecretKey();
}

void fill_with_ones(void*, base::Bytes out) {
  std::ranges::fill(out, std::byte{0xff});
}
void fill_with_zeros(void*, base::Bytes out) {
  std::ranges::fill(out, std::byte{0});
}

}  // namespace

TEST_CASE("base64 is that of RFC 4648, padded") {
  CHECK(encode_base64(counted_from(0)) == "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
  CHECK(encode_base64(counted_from(224)) == "4OHi4+Tl5ufo6err7O3u7/Dx8vP09fb3+Pn6+/z9/v8=");
  CHECK(encode_base64(filled(0xff)) == "//////////////////////////////////////////8=");
}

TEST_CASE("what is encoded decodes to itself") {
  const auto random = system_random();
  for (int i = 0; i < 1000; ++i) {
    KeyBytes bytes;
    random.fill(bytes);
    KeyBytes decoded{};
    CHECK(decode_base64(encode_base64(bytes), decoded));
    CHECK(decoded == bytes);
    CHECK(decode_hex(encode_hex(bytes), decoded));
    CHECK(decoded == bytes);
  }
}

TEST_CASE("base64 that wg refuses is refused") {
  const std::string good = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
  REQUIRE(decodes(good));
  CHECK_FALSE(decodes(""));
  CHECK_FALSE(decodes(good.substr(0, 43)));         // no padding
  CHECK_FALSE(decodes(good + "="));                 // too long
  CHECK_FALSE(decodes(good + "\n"));                // a line's end
  CHECK_FALSE(decodes(good.substr(0, 43) + "A"));   // 33 bytes
  CHECK_FALSE(decodes(good.substr(0, 42) + "=="));  // 31 bytes
  CHECK_FALSE(decodes(good.substr(0, 42) + "9="));  // the lowest spare bit is set
  CHECK_FALSE(decodes(good.substr(0, 42) + "-="));  // the alphabet for URLs
  CHECK_FALSE(decodes(good.substr(0, 42) + "_="));  //
  CHECK_FALSE(decodes(" " + good.substr(1)));       // a space
  CHECK_FALSE(decodes(std::string(1, '\0') + good.substr(1)));
  CHECK_FALSE(decodes(good.substr(0, 20) + "=" + good.substr(21)));
}

TEST_CASE("of the four spellings of a key's last bits only the canonical one is accepted") {
  const std::string head(42, 'A');
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    CAPTURE(kAlphabet[i]);
    CHECK(decodes(head + kAlphabet[i] + "=") == (i % 4 == 0));
  }
}

TEST_CASE("every byte outside the alphabet is refused at every position") {
  const std::string good = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t position = 0; position < good.size() - 1; ++position) {
    for (int value = 0; value < 256; ++value) {
      const auto character = static_cast<char>(value);
      if (kAlphabet.find(character) != std::string_view::npos) continue;
      auto text = good;
      text[position] = character;
      if (decodes(text)) FAIL_CHECK("position " << position << " value " << value);
    }
  }
}

TEST_CASE("hex is lower-case out, and either case in") {
  CHECK(encode_hex(counted_from(0xf0)) ==
        "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff000102030405060708090a0b0c0d0e0f");
  KeyBytes bytes{};
  CHECK(decode_hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF000102030405060708090a0b0c0d0e0f", bytes));
  CHECK(bytes == counted_from(0xf0));
}

TEST_CASE("hex of another length or with another character is refused") {
  const std::string good(64, 'a');
  REQUIRE(decodes_hex(good));
  CHECK_FALSE(decodes_hex(""));
  CHECK_FALSE(decodes_hex(good.substr(0, 63)));
  CHECK_FALSE(decodes_hex(good.substr(0, 62)));
  CHECK_FALSE(decodes_hex(good + "aa"));
  for (std::size_t position = 0; position < good.size(); ++position) {
    for (const char character : {'g', 'G', '/', ':', '@', '`', ' ', '\n', '\0', '\x7f', '\xff'}) {
      auto text = good;
      text[position] = character;
      CHECK_FALSE(decodes_hex(text));
    }
  }
}

TEST_CASE("a refused text leaves the key untouched") {
  KeyBytes bytes = filled(0x5a);
  CHECK_FALSE(decode_base64(std::string(42, 'A') + "B=", bytes));
  CHECK_FALSE(decode_hex(std::string(63, '1') + "x", bytes));
  CHECK(bytes == filled(0x5a));
  CHECK_FALSE(SecretKey::from_base64("nonsense"));
  CHECK_FALSE(PublicKey::from_base64("nonsense"));
  CHECK_FALSE(PublicKey::from_hex("nonsense"));
}

TEST_CASE("keys read back what they print") {
  const auto secret = generate_secret_key(system_random());
  CHECK(SecretKey::from_base64(secret.reveal_base64()) == secret);
  CHECK(SecretKey::from_hex(secret.reveal_hex()) == secret);
  const auto key = public_key_of(secret);
  CHECK(PublicKey::from_base64(key.to_base64()) == key);
  CHECK(PublicKey::from_hex(key.to_hex()) == key);
}

TEST_CASE("a private key is clamped, whatever the random bytes") {
  const auto ones = generate_secret_key({fill_with_ones, nullptr});
  auto expected = filled(0xff);
  expected.front() = std::byte{0xf8};
  expected.back() = std::byte{0x7f};
  CHECK(ones == SecretKey(expected));

  const auto zeros = generate_secret_key({fill_with_zeros, nullptr});
  expected = filled(0);
  expected.back() = std::byte{0x40};
  CHECK(zeros == SecretKey(expected));
}

TEST_CASE("a preshared key is the random bytes as they are") {
  CHECK(generate_preshared_key({fill_with_ones, nullptr}) == PresharedKey(filled(0xff)));
}

TEST_CASE("the system's random source does not repeat itself") {
  CHECK_FALSE(generate_secret_key(system_random()) == generate_secret_key(system_random()));
}

TEST_CASE("a secret can be moved and cloned, and not copied") {
  STATIC_CHECK_FALSE(std::is_copy_constructible_v<SecretKey>);
  STATIC_CHECK_FALSE(std::is_copy_assignable_v<SecretKey>);
  STATIC_CHECK_FALSE(std::is_convertible_v<SecretKey, SymmetricKey>);
  SecretKey secret(filled(7));
  const auto clone = secret.clone();
  CHECK(clone == secret);
}

TEST_CASE("a secret that was moved from is zero") {
  SecretKey first(filled(7));
  const SecretKey second(std::move(first));
  CHECK(first.is_zero());  // NOLINT(*-use-after-move,*-cplusplus.Move)
  CHECK(second == SecretKey(filled(7)));

  SecretKey third(filled(8));
  SecretKey fourth(filled(9));
  fourth = std::move(third);
  CHECK(third.is_zero());  // NOLINT(*-use-after-move,*-cplusplus.Move)
  CHECK(fourth == SecretKey(filled(8)));
}

TEST_CASE("a secret moved onto itself keeps its value") {
  SecretKey secret(filled(7));
  SecretKey& alias = secret;
  secret = std::move(alias);
  CHECK(secret == SecretKey(filled(7)));
}

TEST_CASE("a secret is wiped when it dies") {
  alignas(SecretKey) std::array<std::byte, sizeof(SecretKey)> storage;
  storage.fill(std::byte{0x11});
  auto* secret = new (storage.data()) SecretKey(filled(0xa5));
  REQUIRE(storage == filled(0xa5));
  destroy(*secret);
  CHECK(storage == filled(0));
}

TEST_CASE("equality looks at every byte and at the length") {
  const auto bytes = counted_from(1);
  CHECK(equal(bytes, bytes));
  CHECK(equal({}, {}));
  CHECK_FALSE(equal(bytes, base::ConstBytes(bytes).first(31)));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      auto other = bytes;
      other[i] ^= static_cast<std::byte>(1U << bit);
      CHECK_FALSE(equal(bytes, other));
      CHECK_FALSE(SecretKey(bytes) == SecretKey(other));
    }
  }
}

TEST_CASE("only the key of all zeros is zero") {
  CHECK(PublicKey().is_zero());
  CHECK(SecretKey().is_zero());
  for (std::size_t i = 0; i < kKeyBytes; ++i) {
    auto bytes = filled(0);
    bytes[i] = std::byte{1};
    CHECK_FALSE(PublicKey(bytes).is_zero());
    CHECK_FALSE(SecretKey(bytes).is_zero());
  }
}

TEST_CASE("a public key serves as a key of maps") {
  std::unordered_map<PublicKey, int> map;
  map[PublicKey(filled(1))] = 1;
  map[PublicKey(filled(2))] = 2;
  CHECK(map.at(PublicKey(filled(2))) == 2);
  CHECK(PublicKey(filled(1)) < PublicKey(filled(2)));
}
