// The one table of known keys: what is valid where, of which type, and a line about it. Validation,
// the nearest known name, and the test that every key is documented all read it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <warren/config/document.hpp>
#include <warren/config/source.hpp>

namespace warren::config {

enum class Type : std::uint8_t {
  text,
  integer,
  boolean,
  text_list,
  integer_or_text,
  table,
  table_list,
};

struct KeySpec {
  std::string_view name;
  Type type;
  std::string_view summary;
  std::string_view example;  ///< of a value, as in TOML; tables have none
};

/// The tables of a file.
std::span<const KeySpec> file_keys() noexcept;
/// The keys of [interface].
std::span<const KeySpec> interface_keys() noexcept;
/// The keys of [engine].
std::span<const KeySpec> engine_keys() noexcept;
/// The keys of [[peer]].
std::span<const KeySpec> peer_keys() noexcept;

/// The known name that `name` most likely was meant to be, by edit distance; empty when none is
/// near.
std::string_view nearest_name(std::string_view name, std::span<const KeySpec> known);

/// Throws ConfigError at the first key of `table` that is unknown or has a value of the wrong type.
/// `where` is for the message: "[interface]". After it returns, a value has the type of its KeySpec
/// and no string has control characters.
void check_keys(const Source& source, const Table& table, std::string_view where,
                std::span<const KeySpec> known);

}  // namespace warren::config
