// What the daemon takes for a cipher, and how it refuses one that this machine cannot run.
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <string>

#include <warren/base/error.hpp>

#include "daemon.hpp"
#include "run_warren.hpp"

namespace warren::cli {

using crypto::AeadBackend;
using crypto::Cipher;

TEST_CASE("the preferred backend of a cipher is taken") {
  constexpr std::array kBoth{AeadBackend::ipsec_mb, AeadBackend::libsodium};
  CHECK(choose_backend(Cipher::aes_256_gcm, kBoth) == AeadBackend::ipsec_mb);
  CHECK(choose_backend(Cipher::aes_256_gcm, std::span(kBoth).last(1)) == AeadBackend::libsodium);
}

TEST_CASE("a cipher without a backend is refused with the key's name and the remedy") {
  try {
    static_cast<void>(choose_backend(Cipher::aes_256_gcm, {}));
    FAIL("not refused");
  } catch (const base::Error& error) {
    const std::string what = error.what();
    CHECK(what.find("`cipher` = \"aes-256-gcm\"") != std::string::npos);
    CHECK(what.find("no AES instructions") != std::string::npos);
    CHECK(error.hint() == "take cipher = \"chacha20-poly1305\" at both ends");
  }
}

TEST_CASE("doctor says whether AES-256-GCM is available") {
  const test::TemporaryFolder folder;
  const std::string out = test::run(folder, "warren doctor").out;
  const std::size_t line = out.find("cipher aes-256-gcm");
  REQUIRE(line != std::string::npos);
  const bool says_available = out.find("  available, by ", line) < out.find('\n', line);
  CHECK(says_available == crypto::is_available(Cipher::aes_256_gcm));
}

}  // namespace warren::cli
