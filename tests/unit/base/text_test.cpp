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

TEST_CASE("characters are told apart as ASCII has them") {
  CHECK(is_digit('0'));
  CHECK(is_digit('9'));
  CHECK(!is_digit('a'));
  CHECK(is_letter('a'));
  CHECK(is_letter('Z'));
  CHECK(!is_letter('_'));
  CHECK(!is_letter('\xe4'));
  CHECK(is_control('\n'));
  CHECK(is_control('\x7f'));
  CHECK(!is_control(' '));
  CHECK(!is_control('\xe4'));
  CHECK(has_control_characters("a\tb"));
  CHECK(!has_control_characters("größer"));
}

TEST_CASE("control characters are not printable, other text stays") {
  CHECK(printable("a\nb\x1b[31m\x7f") == "a?b?[31m?");
  CHECK(printable("größer") == "größer");
}
