#include "fields.hpp"

#include <fmt/core.h>

namespace warren::lab {

config::Position Fields::at(std::string_view key) const noexcept {
  const config::Entry* entry = find(key);
  return entry == nullptr ? at_ : entry->value.at;
}

std::optional<std::string> Fields::text(std::string_view key) const {
  const config::Entry* entry = find(key);
  const auto* written = entry == nullptr ? nullptr : entry->value.get_if<std::string>();
  return written == nullptr ? std::nullopt : std::optional(*written);
}

std::optional<std::int64_t> Fields::integer(std::string_view key) const {
  const config::Entry* entry = find(key);
  const auto* written = entry == nullptr ? nullptr : entry->value.get_if<std::int64_t>();
  return written == nullptr ? std::nullopt : std::optional(*written);
}

std::optional<bool> Fields::boolean(std::string_view key) const {
  const config::Entry* entry = find(key);
  const auto* written = entry == nullptr ? nullptr : entry->value.get_if<bool>();
  return written == nullptr ? std::nullopt : std::optional(*written);
}

std::vector<Placed<std::string>> Fields::texts(std::string_view key) const {
  const config::Entry* entry = find(key);
  if (entry == nullptr) return {};
  std::vector<Placed<std::string>> result;
  if (const auto* one = entry->value.get_if<std::string>()) {
    result.push_back({*one, entry->value.at});
  }
  if (const auto* array = entry->value.get_if<config::Array>()) {
    for (const config::Value& item : array->items) {
      result.push_back({*item.get_if<std::string>(), item.at});
    }
  }
  return result;
}

std::vector<std::string> Fields::command(std::string_view key) const {
  std::vector<std::string> words;
  for (auto& word : texts(key)) words.push_back(std::move(word.value));
  if (words.empty() || words.front().find_first_not_of(" \t\n") == std::string::npos) {
    fail(key, "the command is empty", "a line for /bin/sh, or a list of program and arguments");
  }
  return words;
}

std::optional<Fields> Fields::inner(std::string_view key) const {
  const config::Entry* entry = find(key);
  const auto* table = entry == nullptr ? nullptr : entry->value.get_if<config::Table>();
  if (table == nullptr) return {};
  return Fields(source_, *table, entry->value.at);
}

std::vector<Fields> Fields::list(std::string_view key) const {
  std::vector<Fields> result;
  if (auto one = inner(key)) result.push_back(*one);
  const config::Entry* entry = find(key);
  const auto* array = entry == nullptr ? nullptr : entry->value.get_if<config::Array>();
  if (array == nullptr) return result;
  for (const config::Value& item : array->items) {
    const auto* table = item.get_if<config::Table>();
    if (table != nullptr) result.emplace_back(source_, *table, item.at);
  }
  return result;
}

std::optional<std::uint64_t> Fields::size(std::string_view key, std::uint64_t most) const {
  std::optional<std::uint64_t> bytes = value(key, parse_size);
  if (const auto number = integer(key)) bytes = static_cast<std::uint64_t>(*number);
  if (bytes && *bytes > most) {
    fail(key, fmt::format("{} is more than {}", *bytes, most));
  }
  return bytes;
}

std::optional<Bound> Fields::bound(std::string_view key, Quantity quantity) const {
  if (const auto number = integer(key)) {
    return take(key, at(key), parse_bound(std::to_string(*number), quantity));
  }
  return value(key, [&](std::string_view text) { return parse_bound(text, quantity); });
}

void Fields::fail(config::Position at, std::string_view key, const Problem& problem) const {
  source_.get().fail(at, fmt::format("`{}`: {}", key, problem.message), problem.hint);
}

void Fields::fail(std::string_view key, std::string_view message, std::string hint) const {
  fail(at(key), key, Problem{std::string(message), std::move(hint)});
}

}  // namespace warren::lab
