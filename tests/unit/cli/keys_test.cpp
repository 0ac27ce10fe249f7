#include <catch2/catch_test_macros.hpp>
#include <string>

#include "run_warren.hpp"

using namespace warren::cli::test;

namespace {

// The same pair comes out of `wg pubkey`.
const std::string kPrivate = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";

}  // namespace

TEST_CASE("genkey prints a new key each time, which pubkey takes") {
  const TemporaryFolder folder;
  const Result result = run(folder, "warren genkey; warren genkey; warren genkey | warren pubkey");
  CHECK(result.exit_code == 0);
  REQUIRE(result.out.size() == 3 * 45);
  CHECK(result.out.substr(0, 44) != result.out.substr(45, 44));
  CHECK(result.out[44] == '\n');
  CHECK(result.out[43] == '=');
  CHECK(result.err.empty());
}

TEST_CASE("genpsk prints a new key each time") {
  const TemporaryFolder folder;
  const Result result = run(folder, "warren genpsk; warren genpsk");
  CHECK(result.exit_code == 0);
  REQUIRE(result.out.size() == 2 * 45);
  CHECK(result.out.substr(0, 44) != result.out.substr(45, 44));
}

TEST_CASE("pubkey and wg pubkey agree") {
  const TemporaryFolder folder;
  if (run(folder, "command -v wg").exit_code != 0) SKIP("wg is not installed");
  const Result result = run(folder, R"sh(
for i in 1 2 3 4 5 6 7 8; do
  key=$(warren genkey)
  [ "$(echo "$key" | warren pubkey)" = "$(echo "$key" | wg pubkey)" ] || echo "differ: $i"
done
[ "$(wg genkey | warren pubkey | wc -c)" -eq 45 ] || echo 'wg genkey was refused')sh");
  CHECK(result.exit_code == 0);
  CHECK(result.out.empty());
}

TEST_CASE("pubkey takes a key with and without white space behind it") {
  const TemporaryFolder folder;
  const Result plain = run(folder, "printf %s " + kPrivate + " | warren pubkey");
  const Result padded = run(folder, "printf '%s \\n\\t\\n' " + kPrivate + " | warren pubkey");
  CHECK(plain.exit_code == 0);
  CHECK(plain.out.size() == 45);
  CHECK(plain.out == padded.out);
}

TEST_CASE("pubkey refuses what is no key, with exit code 2 and without repeating it") {
  const TemporaryFolder folder;
  const struct {
    std::string input;
    std::string says;
  } cases[] = {
      {"", "no private key on standard input"},
      {"\\n", "no private key on standard input"},
      {kPrivate.substr(0, 43), "not the correct length or format"},
      {kPrivate.substr(0, 43) + "x", "not the correct length or format"},
      {" " + kPrivate, "not the correct length or format"},
      {kPrivate + "x", "Trailing characters found after key"},
      {kPrivate + "\\n" + kPrivate, "Trailing characters found after key"},
  };
  for (const auto& each : cases) {
    CAPTURE(each.input);
    const Result result = run(folder, "printf '" + each.input + "' | warren pubkey");
    CHECK(result.exit_code == 2);
    CHECK(result.out.empty());
    CHECK(contains(result.err, each.says));
    CHECK_FALSE(contains(result.err, kPrivate.substr(0, 8)));
  }
}

TEST_CASE("pubkey ends at once on endless input") {
  const TemporaryFolder folder;
  CHECK(run(folder, "warren pubkey < /dev/zero").exit_code == 2);
}

TEST_CASE("a closed standard input and a full standard output are system errors") {
  const TemporaryFolder folder;
  const Result closed = run(folder, "warren pubkey <&-");
  CHECK(closed.exit_code == 3);
  CHECK(contains(closed.err, "standard input: Bad file descriptor"));
  const Result full = run(folder, "warren genkey > /dev/full");
  CHECK(full.exit_code == 3);
  CHECK(contains(full.err, "standard output: No space left on device"));
}

TEST_CASE("a secret that goes to a world-readable file draws wg's warning") {
  const TemporaryFolder folder;
  for (const std::string command : {"genkey", "genpsk"}) {
    const Result open = run(folder, "umask 022; rm -f key; warren " + command + " > key; wc -c < key");
    CHECK(open.exit_code == 0);
    CHECK(contains(open.out, "45"));
    CHECK(open.err ==
          "Warning: writing to world accessible file.\n"
          "Consider setting the umask to 077 and trying again.\n");
    const Result closed = run(folder, "rm -f key; warren " + command + " > key");
    CHECK(closed.err.empty());
  }
}
