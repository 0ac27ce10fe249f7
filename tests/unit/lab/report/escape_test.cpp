#include "escape.hpp"

#include <catch2/catch_test_macros.hpp>
#include <string>

using namespace warren;
using namespace std::string_literals;

TEST_CASE("markup in text becomes text") {
  CHECK(lab::escape_markup("<b a=\"x\" c='y'>&amp;</b>") ==
        "&lt;b a=&quot;x&quot; c=&#39;y&#39;&gt;&amp;amp;&lt;/b&gt;");
}

TEST_CASE("control characters that XML forbids are replaced, line breaks and tabs stay") {
  CHECK(lab::escape_markup("a\0b\x1b[31mc\td\ne\r\x7f"s) == "a�b�[31mc\td\ne\r�");
  CHECK(lab::escape_markup("\xef\xbf\xbe") == "�");
}

TEST_CASE("bytes that are not UTF-8 are replaced one by one") {
  struct Case {
    const char* in;
    const char* out;
  };
  const Case cases[] = {
      {"naïve €𝄞", "naïve €𝄞"},
      {"\xff", "�"},
      {"\xc3", "�"},                 // cut off
      {"\xc3(", "�("},               // no continuation
      {"\xc0\xaf", "��"},            // overlong
      {"\xed\xa0\x80", "���"},       // a surrogate
      {"\xf4\x90\x80\x80", "����"},  // above U+10FFFF
      {"a\x80z", "a�z"},
  };
  for (const Case& one : cases) CHECK(lab::clean_utf8(one.in) == one.out);
}

TEST_CASE("colours of a terminal go, the text stays") {
  CHECK(lab::strip_terminal_sequences("\x1b[1;31mred\x1b[0m plain\x1b[K") == "red plain");
  CHECK(lab::strip_terminal_sequences("\x1b[12") == "");
  CHECK(lab::strip_terminal_sequences("a\x1b") == "a\x1b");
}

TEST_CASE("one line has no line breaks and no control characters") {
  CHECK(lab::one_line("a\nb\tc\x1b[31md\x07\n") == "a b cd");
}
