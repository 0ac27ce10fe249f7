// Test vectors: hex, and the files of tests/support/data/crypto (their README tells the format).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <fstream>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <warren/crypto/hash.hpp>
#include <warren/crypto/keys.hpp>

namespace warren::crypto::test {

using ByteVector = std::vector<std::byte>;

inline unsigned hex_digit(char digit) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto value = kDigits.find(digit);
  if (value == std::string_view::npos) throw std::invalid_argument("not a hex digit");
  return static_cast<unsigned>(value);
}

/// Spaces are skipped, so that long constants may be grouped; "-" stands for no bytes.
inline ByteVector from_hex(std::string_view text) {
  std::string digits;
  std::ranges::copy_if(text, std::back_inserter(digits), [](char c) { return c != ' '; });
  if (digits == "-") digits.clear();
  if (digits.size() % 2 != 0) throw std::invalid_argument("half a byte");
  ByteVector bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(hex_digit(digits[i]) << 4U | hex_digit(digits[i + 1])));
  }
  return bytes;
}

inline std::string to_hex(std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const auto byte : bytes) {
    text += kDigits[std::to_integer<std::size_t>(byte) >> 4U];
    text += kDigits[std::to_integer<std::size_t>(byte) & 15U];
  }
  return text;
}

template <class Key>
Key key_from(std::span<const std::byte> bytes) {
  if (bytes.size() != kKeyBytes) throw std::invalid_argument("not 32 bytes");
  return Key(bytes.first<kKeyBytes>());
}

template <class Key>
Key key_from_hex(std::string_view text) {
  return key_from<Key>(from_hex(text));
}

/// The fields of every line of `file` that is no comment.
inline std::vector<std::vector<std::string>> read_vectors(const std::string& file) {
  std::ifstream in(std::string(WARREN_SOURCE_DIR "/tests/support/data/crypto/") + file);
  if (!in) throw std::runtime_error("cannot read " + file);
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream fields(line);
    auto& row = rows.emplace_back();
    for (std::string text; fields >> text;) row.push_back(text);
  }
  return rows;
}

}  // namespace warren::crypto::test
