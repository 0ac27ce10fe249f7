// The one table of what a lab file may contain: every key, which types its value may have, how its
// text is read, and a line about it. The reader, the nearest known name and docs/lab.schema.json
// follow it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace warren::lab {

/// The TOML types that a value may have; a set.
enum TypeSet : std::uint16_t {
  kText = 1,
  kInteger = 2,
  kBoolean = 4,
  kTextList = 8,
  kTable = 16,
  kTableList = 32,
  kMixedList = 64,  ///< of strings and of lists of strings
};

/// How a string is read (values.hpp) and what it may refer to.
enum class Format : std::uint8_t {
  text,
  name,
  duration,
  rate,
  rate_or_none,
  size,
  share,
  bound_of_duration,
  bound_of_rate,
  bound_of_share,
  bound_of_count,
  address,
  network,
  network_or_none,
  interface_address,
  interface,
  node,
  node_end,
  link,
  profile,
  tunnel,
  target,
  selector,
  signal,
  route,
  regular_expression,
};

struct Key;

/// The keys of a table.
struct Keys {
  std::span<const Key> known;
  /// Names are free (nodes, profiles, counters): every value is as this key says.
  const Key* any = nullptr;
};

struct Key {
  std::string_view name;
  std::uint16_t types = kText;
  Format format = Format::text;
  std::string_view summary{};
  std::string_view example{};   ///< a value, as in TOML; tables have none
  const Keys* table = nullptr;  ///< of kTable and kTableList
  /// The only strings there are, besides those of the format.
  std::span<const std::string_view> choices{};
  bool required = false;
  std::int64_t least = 0;  ///< of an integer
  std::int64_t most = 0;   ///< of an integer; 0: no bound
};

/// The file's tables: lab, profile, node, link, tunnel, at, expect.
const Keys& file_keys() noexcept;
/// What can be done to one direction of a link: the keys of a profile, of `reverse` and of `set`.
const Keys& impairment_keys() noexcept;

const Key* find_key(const Keys& keys, std::string_view name) noexcept;

}  // namespace warren::lab
