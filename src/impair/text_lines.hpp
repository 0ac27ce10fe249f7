// Texts of lines, as recordings and traces are.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace warren::impair {

/// Takes the first line off `text`, which is not empty; a line may end as in DOS.
inline std::string_view take_line(std::string_view& text) noexcept {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace warren::impair
