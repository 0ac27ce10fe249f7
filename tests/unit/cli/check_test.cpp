#include <catch2/catch_test_macros.hpp>
#include <string>

#include "run_warren.hpp"

using namespace warren::cli::test;

namespace {

// Makes wr0.toml with one peer; $1 goes into [interface], $2 into [[peer]].
const std::string kMakeConfig = R"sh(
make_config() {
  warren genkey > wr0.key
  peer_key=$(warren genkey | warren pubkey)
  printf '[interface]\nname = "wr0"\nprivate_key_file = "wr0.key"\n%s\n' "$1" > wr0.toml
  printf '[[peer]]\npublic_key = "%s"\n%s\n' "$peer_key" "$2" >> wr0.toml
}
)sh";

}  // namespace

TEST_CASE("check says what a valid configuration holds and exits with 0") {
  const TemporaryFolder folder;
  const Result result = run(folder, kMakeConfig + R"sh(
make_config '' 'allowed_ips = ["10.0.0.0/8", "fd00::/8"]'; warren check wr0.toml)sh");
  CHECK(result.exit_code == 0);
  CHECK(result.out == "wr0.toml: ok (wr0: tun, 1 peer, 2 networks)\n");
  CHECK(result.err.empty());
}

TEST_CASE("check does not count networks where there are none to have") {
  const TemporaryFolder folder;
  const Result result =
      run(folder, kMakeConfig + "make_config 'kind = \"tap\"' ''; warren check wr0.toml");
  CHECK(result.out == "wr0.toml: ok (wr0: tap, 1 peer)\n");
}

TEST_CASE("check shows the place of an error and the nearest name, and exits with 2") {
  const TemporaryFolder folder;
  const Result result =
      run(folder, kMakeConfig + "make_config 'adress = []' ''; warren check wr0.toml");
  CHECK(result.exit_code == 2);
  CHECK(result.out.empty());
  CHECK(result.err ==
        "warren: wr0.toml:4:1: unknown key `adress` in [interface]\n"
        "  4 | adress = []\n"
        "    | ^\n"
        "  hint: did you mean `address`?\n");
}

TEST_CASE("check of a file that does not exist exits with 2") {
  const TemporaryFolder folder;
  const Result result = run(folder, "warren check none.toml");
  CHECK(result.exit_code == 2);
  CHECK(result.err == "warren: open none.toml: No such file or directory\n");
}
