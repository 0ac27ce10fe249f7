#include "terminal.hpp"

#include <fmt/format.h>

namespace warren::lab {
namespace {

bool begins_character(char c) {
  return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
}

}  // namespace

std::string Paint::with(std::string_view sequence, std::string_view text) const {
  return colour ? fmt::format("\x1b[{}m{}\x1b[0m", sequence, text) : std::string(text);
}

std::string Paint::outcome(Outcome outcome) const {
  switch (outcome) {
    case Outcome::passed:
      return with("32", "PASS");
    case Outcome::failed:
      return with("1;31", "FAIL");
    case Outcome::skipped:
      return with("33", "SKIP");
    case Outcome::error:
      return with("1;35", "BROKEN");
  }
  return "?";
}

std::string fit(std::string_view text, std::size_t columns) {
  std::size_t characters = 0;
  std::size_t cut = 0;  // where the last character that leaves room for the ellipsis ends
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!begins_character(text[i])) continue;
    if (characters + 1 == columns) cut = i;
    if (++characters > columns) return std::string(text.substr(0, cut)) + (columns > 0 ? "…" : "");
  }
  return std::string(text);
}

}  // namespace warren::lab
