// What the files of the table of keys share: short ways to write a key, and keys that several
// tables have.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "keys.hpp"

namespace warren::lab {

inline constexpr std::uint16_t kTextOrList = kText | kTextList;
inline constexpr std::uint16_t kTextOrInteger = kText | kInteger;
inline constexpr std::uint16_t kTextOrTable = kText | kTable;

constexpr Key needed(Key key) {
  key.required = true;
  return key;
}
constexpr Key from_to(Key key, std::int64_t least, std::int64_t most) {
  key.least = least;
  key.most = most;
  return key;
}
constexpr Key one_of(Key key, std::span<const std::string_view> choices) {
  key.choices = choices;
  return key;
}
constexpr Key with(Key key, const Keys& table) {
  key.table = &table;
  return key;
}

/// The directions of a link.
inline constexpr std::array<std::string_view, 3> kDirections = {"forward", "reverse", "both"};
inline constexpr Key kWithin{"within", kText, Format::duration, "the time it may take", "\"3s\""};
inline constexpr Key kCommand =
    needed(Key{"command", kTextOrList, Format::text,
               "a line for /bin/sh, or a list of two or more: the program and its arguments",
               "\"python3 -m http.server 80\""});

// link_keys.cpp
extern const Keys kProfiles;
extern const Keys kLinkKeys;
extern const Keys kAtKeys;
// node_keys.cpp
extern const Keys kNodes;
extern const Keys kTunnelKeys;
// expect_keys.cpp
extern const Keys kExpectKeys;

}  // namespace warren::lab
