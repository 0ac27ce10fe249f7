
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <optional>
#include <vector>

#include <warren/config/model.hpp>
#include <warren/config/source.hpp>

#include "limits.hpp"

namespace warren::config {
namespace {

// Of a longer line only the part around the caret is shown.
constexpr std::size_t kShownCharacters = 100;
constexpr std::size_t kShownBeforeCaret = 70;
// A 32-byte key has 43 characters of base64 without its padding; a mangled one may have fewer.
constexpr std::size_t kSecretRun = 32;

/// The length in bytes of the UTF-8 character at the start of `text` (which is not empty); 0 when
/// it is none. RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF.
std::size_t utf8_length(std::string_view text) noexcept {
  const auto byte = [&](std::size_t index) {
    return index < text.size() ? static_cast<unsigned char>(text[index]) : 0U;
  };
  const auto follows = [&](std::size_t index) { return (byte(index) & 0xc0U) == 0x80U; };
  const unsigned first = byte(0);
  const unsigned second = byte(1);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    if (first == 0xe0 && second < 0xa0) return 0;
    if (first == 0xed && second > 0x9f) return 0;
    return follows(1) && follows(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    if (first == 0xf0 && second < 0x90) return 0;
    if (first == 0xf4 && second > 0x8f) return 0;
    return follows(1) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

Position position_of(std::string_view text, std::size_t offset) {
  Position at;
  for (std::size_t i = 0; i < offset && i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == '\n') {
      ++at.line;
      at.column = 1;
    } else if ((byte & 0xc0U) != 0x80U) {
      ++at.column;
    }
  }
  return at;
}

std::string_view line_of(std::string_view text, std::uint32_t number) {
  for (; number > 1; --number) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  std::string_view line = text.substr(0, text.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

/// The line's characters as they can go to a terminal: no control characters, no broken UTF-8.
std::vector<std::string> printable_characters(std::string_view line) {
  std::vector<std::string> characters;
  while (!line.empty()) {
    const std::size_t length = utf8_length(line);
    const auto first = static_cast<unsigned char>(line[0]);
    // U+0080 to U+009F are control characters too, and begin with the byte 0xc2.
    const bool is_control =
        (length == 1 && (first < 0x20 || first == 0x7f) && first != '\t') ||
        (length == 2 && first == 0xc2 && static_cast<unsigned char>(line[1]) < 0xa0);
    characters.push_back(length == 0 || is_control ? "?" : std::string(line.substr(0, length)));
    line.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return characters;
}

bool is_base64(char c) noexcept {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '/';
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

bool ends_with_ignoring_case(std::string_view text, std::string_view end) noexcept {
  return text.size() >= end.size() &&
         equal_ignoring_case(text.substr(text.size() - end.size()), end);
}

/// Whether what stands in front of a value says that it is a public key: `public_key = "`.
bool announces_public_key(std::string_view before) noexcept {
  const std::size_t end = before.find_last_not_of(" \t\"'=:");
  if (end == std::string_view::npos) return false;
  before = before.substr(0, end + 1);
  return ends_with_ignoring_case(before, "public_key") ||
         ends_with_ignoring_case(before, "PublicKey");
}

/// Where the value of a key named like a secret begins in `line`.
std::optional<std::size_t> secret_value_offset(std::string_view line) {
  constexpr std::array<std::string_view, 4> kNames = {"private_key", "preshared_key", "PrivateKey",
                                                      "PresharedKey"};
  std::optional<std::size_t> first;
  for (const std::string_view name : kNames) {
    for (std::size_t i = 0; i + name.size() <= line.size(); ++i) {
      if (!equal_ignoring_case(line.substr(i, name.size()), name)) continue;
      const std::size_t after = line.find_first_not_of(" \t\"'", i + name.size());
      if (after == std::string_view::npos || line[after] != '=') continue;
      first = std::min(first.value_or(after + 1), after + 1);
      break;
    }
  }
  return first;
}

}  // namespace

std::size_t find_invalid_utf8(std::string_view text) noexcept {
  std::size_t offset = 0;
  while (offset < text.size()) {
    const std::size_t length = utf8_length(text.substr(offset));
    if (length == 0) return offset;
    offset += length;
  }
  return std::string_view::npos;
}

std::string mask_secrets(std::string_view line) {
  std::string masked(line);
  for (std::size_t begin = 0; begin < line.size();) {
    if (!is_base64(line[begin])) {
      ++begin;
      continue;
    }
    std::size_t end = begin;
    while (end < line.size() && is_base64(line[end])) ++end;
    if (end - begin >= kSecretRun && !announces_public_key(line.substr(0, begin))) {
      std::fill(masked.begin() + static_cast<std::ptrdiff_t>(begin),
                masked.begin() + static_cast<std::ptrdiff_t>(end), '*');
    }
    begin = end;
  }
  if (const auto offset = secret_value_offset(line)) {
    for (std::size_t i = *offset; i < masked.size(); ++i) {
      const auto c = static_cast<unsigned char>(masked[i]);
      // Bytes of longer characters stay: the caret's column counts characters.
      if (c > ' ' && c < 0x7f && c != '"' && c != '\'') masked[i] = '*';
    }
  }
  return masked;
}

Source::Source(std::string_view text, std::string name, bool may_hold_secrets)
    : text_(text), name_(std::move(name)), may_hold_secrets_(may_hold_secrets) {
  if (text_.size() > kMaxFileBytes) {
    throw ConfigError(fmt::format("{}: the file has more than {} MiB", name_, kMaxFileBytes >> 20),
                      "this is no configuration of ours");
  }
  if (text_.starts_with("\xef\xbb\xbf")) text_.remove_prefix(3);
  if (const auto offset = text_.find('\0'); offset != std::string_view::npos) {
    fail(position_of(text_, offset), "a NUL byte: the file is no text",
         "a configuration is UTF-8 text; an editor may have saved this one as UTF-16");
  }
  if (const auto offset = find_invalid_utf8(text_); offset != std::string_view::npos) {
    fail(position_of(text_, offset), "the file is not UTF-8 here", "save the file as UTF-8");
  }
}

std::string Source::masked(std::string_view line) const {
  return may_hold_secrets_ ? mask_secrets(line) : std::string(line);
}

void Source::fail(Position at, std::string_view message, std::string hint) const {
  std::vector<std::string> line = printable_characters(masked(line_of(text_, at.line)));
  std::size_t caret = std::min<std::size_t>(at.column - std::min(at.column, 1U), line.size());
  bool cut = false;
  if (line.size() > kShownCharacters && caret > kShownBeforeCaret) {
    const std::size_t removed = caret - kShownBeforeCaret;
    line.erase(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(removed));
    caret -= removed;
    cut = true;
  }
  const bool cut_behind = line.size() > kShownCharacters;
  if (cut_behind) line.resize(kShownCharacters);

  std::string shown = cut ? "…" : "";
  std::string pointer = cut ? " " : "";
  for (std::size_t i = 0; i < line.size(); ++i) {
    shown += line[i];
    if (i < caret) pointer += line[i] == "\t" ? '\t' : ' ';
  }
  if (cut_behind) shown += "…";
  const std::string number = std::to_string(at.line);
  // The TOML library quotes what it stumbled over.
  std::string clean;
  for (const std::string& character : printable_characters(message)) clean += character;
  throw ConfigError(fmt::format("{}:{}:{}: {}\n  {} | {}\n  {} | {}^", name_, at.line, at.column,
                                clean, number, shown, std::string(number.size(), ' '), pointer),
                    std::move(hint));
}

}  // namespace warren::config
