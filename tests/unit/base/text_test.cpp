#include <catch2/catch_test_macros.hpp>

#include <warren/base/text.hpp>

using namespace warren::base;

TEST_CASE("a word for the shell is quoted only where it needs that") {
  CHECK(shell_word("configs/lab/a-b_c.toml") == "configs/lab/a-b_c.toml");
  CHECK(shell_word("fe80::1%eth0") == "fe80::1%eth0");
  CHECK(shell_word("") == "''");
  CHECK(shell_word("two words") == "'two words'");
  CHECK(shell_word("it's") == "'it'\\''s'");
  CHECK(shell_word("a=b") == "'a=b'");
  CHECK(shell_word("$(x)") == "'$(x)'");
}

TEST_CASE("control characters are not printable, other text stays") {
  CHECK(printable("a\nb\x1b[31m\x7f") == "a?b?[31m?");
  CHECK(printable("größer") == "größer");
}
