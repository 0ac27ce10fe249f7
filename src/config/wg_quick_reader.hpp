// The lines of a wg-quick configuration, sorted into sections. What the keys mean is for
// wg_quick.cpp.
#pragma once

#include <string_view>
#include <vector>

#include <warren/config/source.hpp>

namespace warren::config {

struct WgQuickEntry {
  std::string_view key;  ///< as written
  std::string_view value;
  Position key_at;
  Position value_at;
};

struct WgQuickSection {
  bool is_peer = false;
  Position at;
  std::vector<WgQuickEntry> entries;
  std::vector<std::string_view> comments;  ///< without the `#`
};

/// As wg and wg-quick read it: section and key names in any case, `#` begins a comment anywhere,
/// white space around keys and values does not count. Comments directly above a section's header
/// belong to that section. Views borrow from `source`. Throws ConfigError.
std::vector<WgQuickSection> read_wg_quick(const Source& source);

/// Comparison of names in wg-quick files.
bool same_name(std::string_view a, std::string_view b) noexcept;

}  // namespace warren::config
