// Whether a document has the structure of a lab: known keys only, each with a value of its type,
// and none missing that is needed.
#pragma once

#include <string_view>

#include <warren/config/document.hpp>
#include <warren/config/source.hpp>

#include "keys.hpp"

namespace warren::lab {

/// Throws ConfigError at the first key, in the file's order, that is unknown or has a value of the
/// wrong type. After it returns, values have the types of their keys, required keys are there,
/// integers are in their bounds, choices were chosen among, and no string or name has control
/// characters.
void check_structure(const config::Source& source, const config::Table& document);
/// The same for one table: `where` is for messages, `at` where a missing key is missed.
void check_table(const config::Source& source, const config::Table& table, config::Position at,
                 std::string_view where, const Keys& keys);

/// Throws ConfigError at `at`: "`what`: there is no KIND `name`", with the nearest of `known`, or
/// all of them when they are few.
[[noreturn]] void fail_unknown(const config::Source& source, config::Position at,
                               std::string_view what, std::string_view kind, std::string_view name,
                               const std::vector<std::string_view>& known);

}  // namespace warren::lab
