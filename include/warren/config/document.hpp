// A TOML document as a tree of plain values that know their places. document.cpp is the only file
// that includes the TOML library, which is slow to compile.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <warren/config/source.hpp>

namespace warren::config {

struct Value;
struct Entry;

struct Array {
  std::vector<Value> items;
};

struct Table {
  /// In the file's order.
  std::vector<Entry> entries;
  [[nodiscard]] const Entry* find(std::string_view key) const noexcept;
};

/// TOML has more types (floats, dates); no key of ours takes them.
struct Unsupported {
  std::string_view type;  ///< with its article: "a date"
};

struct Value {
  Position at;
  std::variant<Unsupported, bool, std::int64_t, std::string, Array, Table> data;

  template <class T>
  [[nodiscard]] const T* get_if() const noexcept {
    return std::get_if<T>(&data);
  }
  /// "a string", "a list": for messages.
  [[nodiscard]] std::string_view type_name() const noexcept;
};

struct Entry {
  std::string key;
  Position at;  ///< of the key
  Value value;
};

/// The document's root table. Throws ConfigError at the place of a syntax error.
Table parse_document(const Source& source);

/// Overwrites every string value in `table`, for documents that may hold keys.
void wipe_strings(Table& table) noexcept;

}  // namespace warren::config
