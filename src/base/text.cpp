#include <algorithm>

#include <warren/base/text.hpp>

namespace warren::base {

bool has_control_characters(std::string_view text) noexcept {
  return std::ranges::any_of(text, is_control);
}

std::string shell_word(std::string_view word) {
  // Not `=`: a command may begin with the word, and then it would be an assignment.
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:@%+,-";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string_view::npos) {
    return std::string(word);
  }
  std::string text = "'";
  for (const char c : word) {
    if (c == '\'') {
      text += "'\\''";
    } else {
      text += c;
    }
  }
  return text + "'";
}

std::string printable(std::string_view text) {
  std::string out(text);
  std::ranges::replace_if(out, is_control, '?');
  return out;
}

}  // namespace warren::base
