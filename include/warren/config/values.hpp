// Values and names that occur in every kind of configuration file: what is wrong with a text, in
// words, without the place, which the reader adds.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <warren/base/ip.hpp>

namespace warren::config {

/// What is wrong with a value, and the remedy (may be empty). Holds no part of a secret.
struct Problem {
  std::string message;
  std::string hint;
};

template <class T>
using Parsed = std::expected<T, Problem>;

/// What a function that is Parsed returns instead of a value.
inline std::unexpected<Problem> problem(std::string message, std::string hint = {}) {
  return std::unexpected(Problem{std::move(message), std::move(hint)});
}

/// `text` in quotes for a message: without control characters, and shortened.
std::string in_quotes(std::string_view text);

/// How many edits two neighbouring letters in the wrong order are.
enum class Swap : std::uint8_t { two_edits, one_edit };

/// The known name that `name` most likely was meant to be, by edit distance; empty when none is
/// near: a third of the letters may be wrong. Case, `_`, `-` and spaces do not count.
std::string_view nearest_name(std::string_view name, std::span<const std::string_view> known,
                              Swap swap = Swap::one_edit);

/// Empty when Linux takes `name` as an interface's name.
std::optional<Problem> check_interface_name(std::string_view name);

/// "10.8.0.0/24"; host bits are zeroed.
Parsed<base::IpNetwork> parse_network(std::string_view text);
/// "10.8.0.1/24"; without a prefix length the whole address counts.
Parsed<base::InterfaceAddress> parse_interface_address(std::string_view text);

}  // namespace warren::config
