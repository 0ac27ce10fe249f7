#include "escape.hpp"

#include <cstddef>
#include <cstdint>

#include <warren/base/text.hpp>

namespace warren::lab {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

// Bytes of the character of UTF-8 that `text` begins with; 0 if it is none (RFC 3629: no overlong
// forms, no surrogates, nothing above U+10FFFF).
std::size_t character_bytes(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  std::size_t bytes = 0;
  std::uint32_t least = 0;
  std::uint32_t value = 0;
  if ((first & 0xe0U) == 0xc0U)
    bytes = 2, least = 0x80, value = first & 0x1fU;
  else if ((first & 0xf0U) == 0xe0U)
    bytes = 3, least = 0x800, value = first & 0x0fU;
  else if ((first & 0xf8U) == 0xf0U)
    bytes = 4, least = 0x10000, value = first & 0x07U;
  else
    return 0;
  if (text.size() < bytes) return 0;
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return 0;
    value = value << 6U | (byte(i) & 0x3fU);
  }
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  return value < least || value > 0x10ffff || surrogate ? 0 : bytes;
}

// Calls take(character) for each character, with U+FFFD for bytes that are none.
template <class Take>
void for_each_character(std::string_view text, Take&& take) {
  while (!text.empty()) {
    const std::size_t bytes = character_bytes(text);
    take(bytes == 0 ? kReplacement : text.substr(0, bytes));
    text.remove_prefix(bytes == 0 ? 1 : bytes);
  }
}

bool is_control(std::string_view character) {
  return character.size() == 1 && base::is_control(character[0]);
}

// U+FFFE and U+FFFF are no characters for XML.
bool is_noncharacter(std::string_view character) {
  return character == "\xef\xbf\xbe" || character == "\xef\xbf\xbf";
}

}  // namespace

std::string clean_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for_each_character(text, [&](std::string_view character) { out += character; });
  return out;
}

std::string escape_markup(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  for_each_character(text, [&](std::string_view character) {
    if (character == "&")
      out += "&amp;";
    else if (character == "<")
      out += "&lt;";
    else if (character == ">")
      out += "&gt;";
    else if (character == "\"")
      out += "&quot;";
    else if (character == "'")
      out += "&#39;";
    else if ((is_control(character) && character != "\t" && character != "\n" &&
              character != "\r") ||
             is_noncharacter(character))
      out += kReplacement;
    else
      out += character;
  });
  return out;
}

std::string strip_terminal_sequences(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\x1b' || i + 1 == text.size() || text[i + 1] != '[') {
      out += text[i];
      continue;
    }
    // Parameters and intermediates, then one final byte.
    std::size_t end = i + 2;
    while (end < text.size() && text[end] >= 0x20 && text[end] <= 0x3f) ++end;
    i = end < text.size() && text[end] >= 0x40 && text[end] <= 0x7e ? end : end - 1;
  }
  return out;
}

std::string one_line(std::string_view text) {
  std::string out;
  const std::string plain = strip_terminal_sequences(text);
  for_each_character(plain, [&](std::string_view character) {
    if (character == "\n" || character == "\t")
      out += ' ';
    else if (!is_control(character))
      out += character;
  });
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

}  // namespace warren::lab
