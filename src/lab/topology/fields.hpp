// A table's values, read with their places: what is wrong with one is said where it stands. The
// structure was checked before (structure.hpp), so types fit.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <warren/config/document.hpp>
#include <warren/config/source.hpp>
#include <warren/lab/topology.hpp>

#include "values.hpp"

namespace warren::lab {

/// A value and where it was written.
template <class T>
struct Placed {
  T value{};
  config::Position at;
};

inline Place place_of(config::Position at) noexcept {
  return {.line = at.line, .column = at.column};
}

class Fields {
 public:
  /// Borrows both. `at`: where the table begins.
  Fields(const config::Source& source, const config::Table& table, config::Position at)
      : source_(source), table_(table), at_(at) {}

  [[nodiscard]] const config::Source& source() const noexcept { return source_; }
  [[nodiscard]] const config::Table& table() const noexcept { return table_; }
  [[nodiscard]] config::Position at() const noexcept { return at_; }
  [[nodiscard]] bool has(std::string_view key) const noexcept { return find(key) != nullptr; }
  [[nodiscard]] const config::Entry* find(std::string_view key) const noexcept {
    return table_.get().find(key);
  }
  /// Where the key's value stands; the table's place when there is none.
  [[nodiscard]] config::Position at(std::string_view key) const noexcept;

  [[nodiscard]] std::optional<std::string> text(std::string_view key) const;
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view key) const;
  [[nodiscard]] std::optional<bool> boolean(std::string_view key) const;
  /// The items of a list of strings, or the one string.
  [[nodiscard]] std::vector<Placed<std::string>> texts(std::string_view key) const;
  /// As Program::command: with one element a line for the shell. Refuses an empty one.
  [[nodiscard]] std::vector<std::string> command(std::string_view key) const;
  /// A table below this one.
  [[nodiscard]] std::optional<Fields> inner(std::string_view key) const;
  /// The tables of a list of tables, or the one table.
  [[nodiscard]] std::vector<Fields> list(std::string_view key) const;

  /// A string read by `parse` (Parsed<T> of a std::string_view); complains at its place.
  template <class Parse>
  [[nodiscard]] auto value(std::string_view key, Parse parse) const
      -> std::optional<typename decltype(parse(std::string_view{}))::value_type> {
    const auto* entry = find(key);
    const auto* written = entry == nullptr ? nullptr : entry->value.get_if<std::string>();
    if (written == nullptr) return {};
    return take(key, entry->value.at, parse(*written));
  }
  [[nodiscard]] std::optional<base::Duration> duration(std::string_view key) const {
    return value(key, parse_duration);
  }
  /// A number, or a string with a unit; checked against `most`.
  [[nodiscard]] std::optional<std::uint64_t> size(std::string_view key, std::uint64_t most) const;
  /// Also a number alone, for counts.
  [[nodiscard]] std::optional<Bound> bound(std::string_view key, Quantity quantity) const;

  /// `parsed`'s value; complains of "`key`: …" at `at` when it is a problem.
  template <class T>
  T take(std::string_view key, config::Position at, Parsed<T> parsed) const {
    if (!parsed) fail(at, key, parsed.error());
    return *std::move(parsed);
  }
  void check(std::string_view key, config::Position at, const std::optional<Problem>& bad) const {
    if (bad) fail(at, key, *bad);
  }
  [[noreturn]] void fail(config::Position at, std::string_view key, const Problem& problem) const;
  /// At the key's value: "`key`: message".
  [[noreturn]] void fail(std::string_view key, std::string_view message,
                         std::string hint = {}) const;

 private:
  std::reference_wrapper<const config::Source> source_;
  std::reference_wrapper<const config::Table> table_;
  config::Position at_;
};

}  // namespace warren::lab
