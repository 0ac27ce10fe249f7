// The AEADs against published vectors, through every backend that this build and CPU have.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include <warren/crypto/aead.hpp>

#include "crypto/aead_engine.hpp"
#include "vectors.hpp"

using namespace warren;
using namespace warren::crypto;
using namespace warren::crypto::test;

namespace {

constexpr std::string_view kSunscreen =
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
    "sunscreen would be it.";

Nonce nonce_from(const ByteVector& bytes) {
  if (bytes.size() != kNonceBytes) throw std::invalid_argument("not 12 bytes");
  Nonce nonce;
  std::ranges::copy(bytes, nonce.begin());
  return nonce;
}

ByteVector joined(ByteVector head, const ByteVector& tail) {
  head.insert(head.end(), tail.begin(), tail.end());
  return head;
}

/// One line of the Wycheproof files.
struct Case {
  explicit Case(const std::vector<std::string>& row)
      : valid(row.at(1) == "valid"),
        key(key_from_hex<SymmetricKey>(row.at(2))),
        nonce(from_hex(row.at(3))),
        associated(from_hex(row.at(4))),
        plaintext(from_hex(row.at(5))),
        sealed(joined(from_hex(row.at(6)), from_hex(row.at(7)))) {}
  bool valid;
  SymmetricKey key;
  ByteVector nonce;
  ByteVector associated;
  ByteVector plaintext;
  ByteVector sealed;
};

/// Opens and seals each case: open(test, out) says whether it was authentic. Nothing of an invalid
/// one may come out, and sealing it must give something else.
template <class Seal, class Open>
void check_cases(const std::vector<std::vector<std::string>>& rows, Seal&& seal, Open&& open) {
  std::size_t invalid = 0;
  for (const auto& row : rows) {
    CAPTURE(row);
    const Case test(row);
    ByteVector opened(test.sealed.size() - kTagBytes, std::byte{0xee});
    CHECK(open(test, opened) == test.valid);
    ByteVector sealed(test.sealed.size());
    seal(test, sealed);
    if (test.valid) {
      CHECK(opened == test.plaintext);
      CHECK(sealed == test.sealed);
    } else {
      ++invalid;
      CHECK(opened == ByteVector(opened.size()));
      CHECK(sealed != test.sealed);
    }
  }
  CHECK(invalid > 0);
}

}  // namespace

TEST_CASE("the AEAD example of RFC 8439, section 2.8.2, holds in every backend") {
  const auto backend = GENERATE(from_range(available_backends()));
  CAPTURE(backend_name(backend));
  const auto key = key_from_hex<SymmetricKey>(
      "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
  const auto nonce = nonce_from(from_hex("070000004041424344454647"));
  const auto associated = from_hex("50515253c0c1c2c3c4c5c6c7");
  ByteVector sealed(kSunscreen.size() + kTagBytes);
  MessageAead aead(backend);
  aead.seal({aead.prepare(key), nonce, associated, base::bytes_of(kSunscreen), sealed.data()});
  CHECK(to_hex(sealed) ==
        "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
        "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
        "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
        "3ff4def08e4b7a9de576d26586cec64b6116"
        "1ae10b594f09e26a7e902ecbd0600691");
}

TEST_CASE("the decryption example of RFC 8439, appendix A.5, opens with its nonce as a counter") {
  const auto key = key_from_hex<SymmetricKey>(
      "1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0");
  const auto associated = from_hex("f33388860000000000004e91");
  const auto sealed = from_hex(
      "64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb2"
      "4c6cfc18755d43eea09ee94e382d26b0bdb7b73c321b0100d4f03b7f355894cf"
      "332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c855"
      "9797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4"
      "b9166c767b804d46a59b5216cde7a4e99040c5a40433225ee282a1b0a06c523e"
      "af4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a"
      "0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a10"
      "49e617d91d361094fa68f0ff77987130305beaba2eda04df997b714d6c6f2c29"
      "a6ad5cb4022b02709b"
      "eead9d67890cbb22392336fea1851f38");
  ByteVector plaintext(sealed.size() - kTagBytes);
  REQUIRE(
      aead_open(Cipher::chacha20_poly1305, key, 0x0807060504030201, associated, sealed, plaintext));
  const std::string_view text(reinterpret_cast<const char*>(plaintext.data()), plaintext.size());
  CHECK(text.starts_with("Internet-Drafts are draft documents valid for a maximum of six months"));
  CHECK(text.ends_with("work in progress./\xe2\x80\x9d"));

  ByteVector again(sealed.size());
  aead_seal(Cipher::chacha20_poly1305, key, 0x0807060504030201, associated, plaintext, again);
  CHECK(again == sealed);
}

TEST_CASE("every case of Wycheproof and NIST holds in every backend") {
  struct File {
    Cipher cipher;
    std::string name;
    std::size_t cases;
  };
  const auto file = GENERATE(values<File>({
      {Cipher::chacha20_poly1305, "chacha20_poly1305.txt", 293},
      {Cipher::aes_256_gcm, "aes_256_gcm.txt", 48},
      {Cipher::aes_256_gcm, "aes_256_gcm_nist.txt", 375},
  }));
  CAPTURE(file.name);
  const auto rows = read_vectors(file.name);
  CHECK(rows.size() == file.cases);
  for (const auto backend : available_backends(file.cipher)) {
    CAPTURE(backend_name(backend));
    MessageAead aead(backend, file.cipher);
    check_cases(
        rows,
        [&](const Case& test, ByteVector& out) {
          const AeadKey key = aead.prepare(test.key);
          aead.seal({key, nonce_from(test.nonce), test.associated, test.plaintext, out.data()});
        },
        [&](const Case& test, ByteVector& out) {
          const AeadKey key = aead.prepare(test.key);
          return aead.open({key, nonce_from(test.nonce), test.associated, test.sealed, out.data()});
        });
  }
}

TEST_CASE("test cases 13 and 14 of the GCM specification hold in the single functions") {
  if (available_backends(Cipher::aes_256_gcm).empty()) SKIP("this CPU has no AES instructions");
  // Test case 13 of the GCM specification (McGrew and Viega, 2005): all zeros, nothing sealed.
  const SymmetricKey key;
  ByteVector sealed(kTagBytes);
  aead_seal(Cipher::aes_256_gcm, key, 0, {}, {}, sealed);
  CHECK(to_hex(sealed) == "530f8afbc74536b9a963b4f1c4cb738b");
  CHECK(aead_open(Cipher::aes_256_gcm, key, 0, {}, sealed, {}));
  // Test case 14: 16 bytes of zeros.
  const ByteVector zeros(16);
  ByteVector block(32);
  aead_seal(Cipher::aes_256_gcm, key, 0, {}, zeros, block);
  CHECK(to_hex(block) == "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
}

TEST_CASE("every XChaCha20-Poly1305 case of Wycheproof holds") {
  const auto rows = read_vectors("xchacha20_poly1305.txt");
  CHECK(rows.size() == 280);
  const auto nonce = [](const Case& test) {
    REQUIRE(test.nonce.size() == kXNonceBytes);
    return std::span(test.nonce).first<kXNonceBytes>();
  };
  check_cases(
      rows,
      [&](const Case& test, ByteVector& out) {
        xaead_seal(test.key, nonce(test), test.associated, test.plaintext, out);
      },
      [&](const Case& test, ByteVector& out) {
        return xaead_open(test.key, nonce(test), test.associated, test.sealed, out);
      });
}
