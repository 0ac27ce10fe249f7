// Text as it comes and as it is shown.
#include <catch2/catch_test_macros.hpp>
#include <string>

#include <warren/config/model.hpp>
#include <warren/config/source.hpp>

#include "config_test_support.hpp"
#include "limits.hpp"

using namespace warren;
using namespace warren::config;
using namespace warren::config::test;

TEST_CASE("a NUL byte is refused at its place") {
  using namespace std::string_literals;
  const ConfigError error = parse_error("[interface]\nna\0me = 1"s);
  CHECK(std::string_view(error.what()).starts_with("wr0.toml:2:3: a NUL byte"));
  CHECK(contains(error.hint(), "UTF-16"));
}

TEST_CASE("bytes that are not UTF-8 are refused at their place") {
  // Latin-1, overlong, a surrogate, beyond U+10FFFF, a stray continuation, cut off.
  for (const std::string bytes :
       {"\xfc", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80", "\xe2\x82"}) {
    const ConfigError error = parse_error("# " + bytes + "\n");
    CHECK(std::string_view(error.what()).starts_with("wr0.toml:1:3: the file is not UTF-8"));
  }
}

TEST_CASE("characters of every length are valid UTF-8") {
  CHECK(find_invalid_utf8("a\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf") ==
        std::string_view::npos);
}

TEST_CASE("a text of more than 16 MiB is refused") {
  const ConfigError error = parse_error(std::string(kMaxFileBytes + 1, '\n'));
  CHECK(contains(error.what(), "16 MiB"));
}

TEST_CASE("deep nesting is an error, not a crash") {
  const ConfigError error = parse_error("a = " + std::string(100'000, '['));
  CHECK(contains(error.what(), "TOML syntax"));
}

TEST_CASE("control characters of a line do not reach the terminal") {
  const ConfigError error = parse_error("a = 1 \x1b[31m \x7f \xc2\x9b");
  CHECK_FALSE(contains(error.what(), "\x1b"));
  CHECK_FALSE(contains(error.what(), "\x7f"));
  CHECK_FALSE(contains(error.what(), "\xc2\x9b"));
}

TEST_CASE("control characters that the TOML library quotes do not reach the terminal") {
  CHECK_FALSE(contains(parse_error("a = tr\x1b[31m").what(), "\x1b"));
}

TEST_CASE("of a long line the part around the caret is shown") {
  const std::string text = "x = \"" + std::string(100'000, ' ') + "\" y";
  const std::string what = parse_error(text).what();
  CHECK(what.size() < 600);
  CHECK(contains(what, "\" y"));
  const std::size_t line = what.find("\n  1 | ") + 7;
  const std::size_t caret_line = what.find("\n    | ") + 7;
  // The ellipsis is one character of three bytes.
  CHECK(what[what.find('^') - caret_line + line + 2] == 'y');
}

TEST_CASE("the message of an error in a secret does not hold the secret") {
  const std::string secret(kPrivate.substr(0, 40));
  const std::string cases[] = {
      "[interface]\nname = \"wr0\"\nprivate_key = \"" + secret + "\"\n",
      "[interface]\nname = \"wr0\"\nprivate_key = \"" + secret + "=\n",
      "[interface]\nname = \"wr0\"\nprivat_key = \"" + secret + "===\"\n",
      "[interface]\nname = \"wr0\"\n" + secret + "\n",
      "interface = { name = \"wr0\", private_key = \"" + secret + "\" } junk\n",
  };
  for (const std::string& text : cases) {
    CAPTURE(text);
    CHECK_FALSE(contains(parse_error(text).what(), secret.substr(0, 8)));
  }
}

TEST_CASE("secrets are masked character by character and public keys are not") {
  CHECK(mask_secrets("private_key = \"abc\"  # 1") == "private_key = \"***\"  * *");
  CHECK(mask_secrets("PresharedKey=abc") == "PresharedKey=***");
  CHECK(mask_secrets("private_key_file = \"wr0.key\"") == "private_key_file = \"wr0.key\"");
  const std::string shown = "public_key = \"" + std::string(kPublicA) + "\"";
  CHECK(mask_secrets(shown) == shown);
  CHECK(mask_secrets(std::string(kPublicA)) == std::string(43, '*') + "=");
}
