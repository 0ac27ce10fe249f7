#include <sys/stat.h>

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "run_warren.hpp"

using namespace warren::cli::test;

namespace {

const std::string kMakeConf = R"sh(
printf '[Interface]\nPrivateKey = %s\nAddress = 10.0.0.1/24\nDNS = 1.1.1.1\n' "$(warren genkey)" > wg0.conf
printf '[Peer]\nPublicKey = %s\nAllowedIPs = 10.0.0.2/32\n' "$(warren genkey | warren pubkey)" >> wg0.conf
)sh";

}  // namespace

TEST_CASE("import prints TOML that check accepts") {
  const TemporaryFolder folder;
  const Result result =
      run(folder, kMakeConf + "warren import wg0.conf > wg0.toml && warren check wg0.toml");
  CHECK(result.err.empty());
  CHECK(result.exit_code == 0);
  CHECK(result.out == "wg0.toml: ok (wg0: tun, 1 peer, 1 network)\n");
}

TEST_CASE("import creates its output with mode 0600 whatever the umask") {
  const TemporaryFolder folder;
  const Result result = run(
      folder, kMakeConf + "umask 0; warren import wg0.conf -o wg0.toml && warren check wg0.toml");
  CHECK(result.exit_code == 0);
  struct stat status {};
  REQUIRE(stat((folder.path() / "wg0.toml").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0600);
}

TEST_CASE("import never overwrites a file") {
  const TemporaryFolder folder;
  const Result result =
      run(folder, kMakeConf + "echo mine > wg0.toml; warren import wg0.conf -o wg0.toml");
  CHECK(result.exit_code == 2);
  CHECK(contains(result.err, "wg0.toml: it exists already"));
  CHECK(text_of(folder.path() / "wg0.toml") == "mine\n");
}

TEST_CASE("import of a broken file shows the place and creates nothing") {
  const TemporaryFolder folder;
  const Result result = run(
      folder, "printf '[Interface]\\nFoo = 1\\n' > wg0.conf; warren import wg0.conf -o wg0.toml");
  CHECK(result.exit_code == 2);
  CHECK(contains(result.err, "warren: wg0.conf:2:1: unknown key in [Interface]\n  2 | Foo = 1\n"));
  CHECK_FALSE(std::filesystem::exists(folder.path() / "wg0.toml"));
}

TEST_CASE("import of a file that does not exist is a system error") {
  const TemporaryFolder folder;
  CHECK(run(folder, "warren import none.conf").exit_code == 3);
  CHECK(run(folder, kMakeConf + "warren import wg0.conf -o none/wg0.toml").exit_code == 3);
}
