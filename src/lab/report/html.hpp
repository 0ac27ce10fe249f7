// Pieces of HTML and SVG. What is not a literal goes through `Esc`, which escapes it.
#pragma once

#include <fmt/format.h>

#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include <warren/base/time.hpp>

#include "escape.hpp"

namespace warren::lab {

/// Text, escaped when it is formatted. Borrows.
struct Esc {
  std::string_view text;
};

/// A document while it grows.
class Html {
 public:
  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
  }
  void raw(std::string_view text) { text_ += text; }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

/// Maps moments of the scenario to a drawing's x.
struct TimeAxis {
  double begin_s = 0, end_s = 1;
  double left = 0, right = 1000;
  [[nodiscard]] double x(double seconds) const {
    return left + (seconds - begin_s) / (end_s - begin_s) * (right - left);
  }
  [[nodiscard]] double x(base::Duration at) const {
    return x(std::chrono::duration<double>(at).count());
  }
};

/// Between two ticks: 1, 2 or 5 times a power of ten, for at most `most` ticks.
double tick_step(double span, int most);

}  // namespace warren::lab

template <>
struct fmt::formatter<warren::lab::Esc> : fmt::formatter<std::string_view> {
  auto format(const warren::lab::Esc& value, fmt::format_context& context) const {
    return fmt::formatter<std::string_view>::format(warren::lab::escape_markup(value.text),
                                                    context);
  }
};
