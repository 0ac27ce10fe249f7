// What a terminal takes: colours, and the width of text on it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <warren/lab/result.hpp>

namespace warren::lab {

struct Paint {
  bool colour = false;
  [[nodiscard]] std::string with(std::string_view sequence, std::string_view text) const;
  [[nodiscard]] std::string bold(std::string_view text) const { return with("1", text); }
  [[nodiscard]] std::string dim(std::string_view text) const { return with("2", text); }
  /// "PASS", "FAIL", "SKIP", "BROKEN" in the outcome's colour.
  [[nodiscard]] std::string outcome(Outcome outcome) const;
};

/// The first `columns` characters of `text`, with "…" as the last one where some are cut off.
/// Characters of UTF-8 count as one column each.
std::string fit(std::string_view text, std::size_t columns);

}  // namespace warren::lab
