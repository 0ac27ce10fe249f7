#include "structure.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <vector>

#include <warren/base/text.hpp>
#include <warren/config/values.hpp>

namespace warren::lab {
namespace {

using config::Array;
using config::Entry;
using config::in_quotes;
using config::Source;
using config::Table;
using config::Value;

/// "a string or a table": what a value may be.
std::string type_names(std::uint16_t types) {
  struct Name {
    std::uint16_t type;
    std::string_view text;
  };
  static constexpr Name kNames[] = {
      {kText, "a string"},
      {kInteger, "a number"},
      {kBoolean, "true or false"},
      {kTextList, "a list of strings"},
      {kMixedList, "a list with one item (a string or a list of strings) for each end"},
      {kTable, "a table"},
      {kTableList, "a list of tables"},
  };
  std::vector<std::string_view> names;
  for (const Name& each : kNames) {
    if ((types & each.type) != 0) names.push_back(each.text);
  }
  if (names.size() == 1) return std::string(names.front());
  const std::string_view last = names.back();
  names.pop_back();
  return fmt::format("{} or {}", fmt::join(names, ", "), last);
}

void check_text(const Source& source, const Value& value, std::string_view key) {
  const auto* text = value.get_if<std::string>();
  // A command may have several lines.
  if (text == nullptr) return;
  std::string plain = *text;
  std::erase_if(plain, [](char c) { return c == '\n' || c == '\t'; });
  if (base::has_control_characters(plain)) {
    source.fail(value.at, fmt::format("`{}` has control characters in it", key));
  }
}

bool is_list_of_texts(const Array& array) noexcept {
  return std::ranges::all_of(
      array.items, [](const Value& item) { return item.get_if<std::string>() != nullptr; });
}

/// Whether the value's TOML type is among those of the key.
bool fits(const Value& value, std::uint16_t types) noexcept {
  if (value.get_if<std::string>() != nullptr) return (types & kText) != 0;
  if (value.get_if<std::int64_t>() != nullptr) return (types & kInteger) != 0;
  if (value.get_if<bool>() != nullptr) return (types & kBoolean) != 0;
  if (value.get_if<Table>() != nullptr) return (types & kTable) != 0;
  const auto* array = value.get_if<Array>();
  if (array == nullptr) return false;
  if (is_list_of_texts(*array))
    return (types & (kTextList | kMixedList)) != 0 ||
           (array->items.empty() && (types & kTableList) != 0);
  if ((types & kMixedList) != 0) {
    return std::ranges::all_of(array->items, [](const Value& item) {
      const auto* inner = item.get_if<Array>();
      return item.get_if<std::string>() != nullptr ||
             (inner != nullptr && is_list_of_texts(*inner));
    });
  }
  return (types & kTableList) != 0 && std::ranges::all_of(array->items, [](const Value& item) {
           return item.get_if<Table>() != nullptr;
         });
}

/// The remedy for a value of the wrong type.
std::string type_hint(const Entry& entry, const Key& key, bool top_level) {
  if (top_level && (key.types & kTableList) != 0) {
    return fmt::format("write [[{}]], with two brackets", key.name);
  }
  if (top_level) return fmt::format("write [{}]", key.name);
  if (key.example.empty()) return fmt::format("write {} = {{ … }}", entry.key);
  return fmt::format("write {} = {}", entry.key, key.example);
}

void check_integer(const Source& source, const Entry& entry, const Key& key) {
  const auto* number = entry.value.get_if<std::int64_t>();
  if (number == nullptr) return;
  if (*number >= key.least && (key.most == 0 || *number <= key.most)) return;
  source.fail(entry.value.at,
              key.most == 0 ? fmt::format("`{}`: {} is less than {}", entry.key, *number, key.least)
                            : fmt::format("`{}`: {} is not from {} to {}", entry.key, *number,
                                          key.least, key.most));
}

void check_choice(const Source& source, const Entry& entry, const Key& key) {
  const auto* text = entry.value.get_if<std::string>();
  // A size may be chosen ("auto") or written ("64KiB").
  if (text == nullptr || key.choices.empty() || key.format != Format::text) return;
  if (std::ranges::find(key.choices, *text) != key.choices.end()) return;
  const std::string_view nearest = config::nearest_name(*text, key.choices);
  source.fail(entry.value.at, fmt::format("`{}` cannot be {}", entry.key, in_quotes(*text)),
              nearest.empty() ? fmt::format("it is one of: {}", fmt::join(key.choices, ", "))
                              : fmt::format("did you mean \"{}\"?", nearest));
}

/// Which tables have this key: then the place is wrong, not the name.
std::vector<std::string> homes_of(std::string_view name) {
  std::vector<std::string> homes;
  for (const Key& top : file_keys().known) {
    const Keys* keys = top.table;
    const bool by_name = keys->any != nullptr;
    if (by_name) keys = keys->any->table;
    if (std::ranges::find(keys->known, name, &Key::name) == keys->known.end()) continue;
    homes.push_back((top.types & kTableList) != 0 ? fmt::format("[[{}]]", top.name)
                    : by_name                     ? fmt::format("[{}.…]", top.name)
                                                  : fmt::format("[{}]", top.name));
  }
  return homes;
}

[[noreturn]] void fail_unknown_key(const Source& source, const Entry& entry, std::string_view where,
                                   const Keys& keys) {
  std::vector<std::string_view> known;
  for (const Key& key : keys.known) known.push_back(key.name);
  std::string hint = fmt::format("known here: {}", fmt::join(known, ", "));
  if (const auto nearest = config::nearest_name(entry.key, known); !nearest.empty()) {
    hint = fmt::format("did you mean `{}`?", nearest);
  } else if (const auto homes = homes_of(entry.key); !homes.empty()) {
    // The same word may be meant for something else here.
    hint = fmt::format("`{}` belongs into {}; {}", entry.key, fmt::join(homes, " or "), hint);
  }
  std::string shown = in_quotes(entry.key);
  if (!entry.key.empty()) shown = shown.substr(1, shown.size() - 2);
  source.fail(entry.at,
              fmt::format("unknown {} `{}` in {}",
                          entry.value.get_if<Table>() != nullptr ? "table" : "key", shown, where),
              hint);
}

/// What a table below `where` is called: "[node.alice]", "[[link]]", "`jitter`".
std::string name_of(std::string_view where, const Entry& entry, bool top_level, bool in_list) {
  if (top_level && in_list) return fmt::format("[[{}]]", entry.key);
  if (top_level) return fmt::format("[{}]", entry.key);
  if (where == "[profile]" || where == "[node]") {
    return fmt::format("{}.{}]", where.substr(0, where.size() - 1), entry.key);
  }
  return fmt::format("`{}` of {}", entry.key, where);
}

void check_value(const Source& source, const Entry& entry, const Key& key, std::string_view where,
                 bool top_level) {
  const Value& value = entry.value;
  if (!fits(value, key.types)) {
    source.fail(value.at,
                fmt::format("`{}` is {}, not {}", entry.key, type_names(key.types),
                            value.get_if<Array>() != nullptr &&
                                    (key.types & (kTextList | kTableList | kMixedList)) != 0
                                ? "a list of something else"
                                : value.type_name()),
                type_hint(entry, key, top_level));
  }
  check_text(source, value, entry.key);
  check_integer(source, entry, key);
  check_choice(source, entry, key);
  if (const auto* table = value.get_if<Table>(); table != nullptr && key.table != nullptr) {
    check_table(source, *table, value.at, name_of(where, entry, top_level, false), *key.table);
  }
  const auto* array = value.get_if<Array>();
  if (array == nullptr) return;
  for (const Value& item : array->items) {
    check_text(source, item, entry.key);
    if (const auto* inner = item.get_if<Array>()) {
      for (const Value& each : inner->items) check_text(source, each, entry.key);
    }
    if (const auto* table = item.get_if<Table>(); table != nullptr && key.table != nullptr) {
      check_table(source, *table, item.at, name_of(where, entry, top_level, true), *key.table);
    }
  }
}

constexpr std::string_view kThisFile = "this file";

}  // namespace

void check_table(const Source& source, const Table& table, config::Position at,
                 std::string_view where, const Keys& keys) {
  const bool top_level = where == kThisFile;
  for (const Entry& entry : table.entries) {
    const Key* key = find_key(keys, entry.key);
    if (key == nullptr) fail_unknown_key(source, entry, where, keys);
    if (base::has_control_characters(entry.key)) {
      source.fail(entry.at, fmt::format("a name in {} has control characters in it", where));
    }
    check_value(source, entry, *key, where, top_level);
  }
  for (const Key& key : keys.known) {
    if (!key.required || table.find(key.name) != nullptr) continue;
    source.fail(at, fmt::format("`{}` is missing in {}", key.name, where),
                key.example.empty()
                    ? fmt::format("{}: write {} = {{ … }}", key.summary, key.name)
                    : fmt::format("{}: write {} = {}", key.summary, key.name, key.example));
  }
}

void check_structure(const Source& source, const Table& document) {
  check_table(source, document, {}, kThisFile, file_keys());
}

void fail_unknown(const Source& source, config::Position at, std::string_view what,
                  std::string_view kind, std::string_view name,
                  const std::vector<std::string_view>& known) {
  constexpr std::size_t kFew = 12;
  std::string hint;
  if (const auto nearest = config::nearest_name(name, known); !nearest.empty()) {
    hint = fmt::format("did you mean \"{}\"?", nearest);
  } else if (known.empty()) {
    hint = fmt::format("this lab has no {}", kind);
  } else if (known.size() <= kFew) {
    hint = fmt::format("there are: {}", fmt::join(known, ", "));
  }
  source.fail(at, fmt::format("`{}`: there is no {} {}", what, kind, in_quotes(name)), hint);
}

}  // namespace warren::lab
