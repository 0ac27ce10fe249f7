// Characters of ASCII, whatever the locale, and text made safe for where it goes.
#pragma once

#include <string>
#include <string_view>

namespace warren::base {

constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
constexpr bool is_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool is_control(char c) noexcept {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}
bool has_control_characters(std::string_view text) noexcept;

/// One word of a POSIX shell's command, whatever is in it; in quotes only where it needs them.
std::string shell_word(std::string_view word);

/// The text with every control character made a `?`.
std::string printable(std::string_view text);

}  // namespace warren::base
