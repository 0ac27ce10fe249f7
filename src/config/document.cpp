#include <fmt/core.h>
#include <toml++/toml.h>

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <variant>

#include <warren/config/document.hpp>
#include <warren/crypto/keys.hpp>

namespace warren::config {
namespace {

Position position_of(const toml::source_region& region) {
  return {std::max<std::uint32_t>(region.begin.line, 1),
          std::max<std::uint32_t>(region.begin.column, 1)};
}

void wipe(std::string& text) noexcept {
  crypto::wipe(std::as_writable_bytes(std::span(text)));
}

// Wipes the library's own copies of the strings. The buffer in which its parser puts a string together
// is out of reach.
Table table_of(toml::table& from);

Value value_of(toml::node& from) {
  Value value{.at = position_of(from.source()), .data = Unsupported{"nothing"}};
  switch (from.type()) {
    case toml::node_type::table:
      value.data = table_of(*from.as_table());
      break;
    case toml::node_type::array: {
      Array array;
      array.items.reserve(from.as_array()->size());
      for (toml::node& item : *from.as_array()) array.items.push_back(value_of(item));
      value.data = std::move(array);
      break;
    }
    case toml::node_type::string:
      value.data = from.as_string()->get();
      wipe(from.as_string()->get());
      break;
    case toml::node_type::integer:
      value.data = from.as_integer()->get();
      break;
    case toml::node_type::boolean:
      value.data = from.as_boolean()->get();
      break;
    case toml::node_type::floating_point:
      value.data = Unsupported{"a fraction"};
      break;
    case toml::node_type::date:
    case toml::node_type::time:
    case toml::node_type::date_time:
      value.data = Unsupported{"a date or time"};
      break;
    case toml::node_type::none:
      break;
  }
  return value;
}

Table table_of(toml::table& from) {
  Table table;
  table.entries.reserve(from.size());
  for (auto&& [key, node] : from) {
    table.entries.push_back({std::string(key.str()), position_of(key.source()), value_of(node)});
  }
  // The library sorts by name; what comes first in the file should be complained of first.
  std::ranges::sort(table.entries, {}, &Entry::at);
  return table;
}

void wipe_strings(Value& value) noexcept {
  if (auto* text = std::get_if<std::string>(&value.data)) {
    wipe(*text);
  } else if (auto* table = std::get_if<Table>(&value.data)) {
    wipe_strings(*table);
  } else if (auto* array = std::get_if<Array>(&value.data)) {
    for (Value& item : array->items) wipe_strings(item);
  }
}

}  // namespace

const Entry* Table::find(std::string_view key) const noexcept {
  const auto found = std::ranges::find(entries, key, &Entry::key);
  return found == entries.end() ? nullptr : &*found;
}

std::string_view Value::type_name() const noexcept {
  struct Name {
    std::string_view operator()(const Unsupported& other) const noexcept { return other.type; }
    std::string_view operator()(bool) const noexcept { return "true or false"; }
    std::string_view operator()(std::int64_t) const noexcept { return "a number"; }
    std::string_view operator()(const std::string&) const noexcept { return "a string"; }
    std::string_view operator()(const Array&) const noexcept { return "a list"; }
    std::string_view operator()(const Table&) const noexcept { return "a table"; }
  };
  return std::visit(Name{}, data);
}

Table parse_document(const Source& source) {
  try {
    toml::table document = toml::parse(source.text());
    return table_of(document);
  } catch (const toml::parse_error& error) {
    source.fail(position_of(error.source()),
                fmt::format("TOML syntax: {}", source.masked(error.description())));
  }
}

void wipe_strings(Table& table) noexcept {
  for (Entry& entry : table.entries) wipe_strings(entry.value);
}

}  // namespace warren::config
