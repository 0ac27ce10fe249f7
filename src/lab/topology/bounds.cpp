#include <fmt/core.h>

#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "quantity.hpp"
#include "values.hpp"

namespace warren::lab {
namespace {

using config::in_quotes;

constexpr std::string_view kHint = "a bound is \"70ms±4ms\", \"<80ms\", \">=10\" or \"0.5%..1.5%\"";

Measure measure_of(Quantity quantity) noexcept {
  switch (quantity) {
    case Quantity::duration:
      return Measure::duration;
    case Quantity::rate:
      return Measure::rate;
    case Quantity::share:
      return Measure::share;
    case Quantity::count:
      break;
  }
  return Measure::count;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::string_view example_of(Quantity quantity) noexcept {
  switch (quantity) {
    case Quantity::duration:
      return "\"70ms±4ms\" or \"<80ms\"";
    case Quantity::rate:
      return "\"20Mbit±5%\" or \">=19Mbit\"";
    case Quantity::share:
      return "\"1%±0.5%\" or \"<2%\"";
    case Quantity::count:
      break;
  }
  return "\"10\" or \">=10\"";
}

class Reader {
 public:
  Reader(std::string_view text, Quantity quantity)
      : text_(text), quantity_(quantity), measure_(measure_of(quantity)) {}

  Parsed<Bound> read() {
    Bound bound{.least = {}, .most = {}, .text = std::string(text_)};
    const auto done = read_into(bound);
    if (done) return std::unexpected(*done);
    if (quantity_ == Quantity::share && bound.least.value_or(0) > 1) {
      return std::unexpected(Problem{fmt::format("{} is more than 100%", in_quotes(text_)), {}});
    }
    if (bound.least && bound.most && *bound.least > *bound.most) {
      return std::unexpected(Problem{
          fmt::format("{} holds for nothing: the first is the larger", in_quotes(text_)), {}});
    }
    return bound;
  }

 private:
  /// What is wrong, if anything is.
  std::optional<Problem> read_into(Bound& bound) {
    for (const std::string_view sign : {std::string_view("±"), std::string_view("+-")}) {
      if (const std::size_t at = text_.find(sign); at != std::string_view::npos) {
        return around(bound, trimmed(text_.substr(0, at)), trimmed(text_.substr(at + sign.size())));
      }
    }
    if (const std::size_t at = text_.find(".."); at != std::string_view::npos) {
      return between(bound, trimmed(text_.substr(0, at)), trimmed(text_.substr(at + 2)));
    }
    if (text_.starts_with('<') || text_.starts_with('>')) return one_sided(bound);
    return exactly(bound);
  }

  std::optional<Problem> around(Bound& bound, std::string_view middle, std::string_view width) {
    const auto value = parse_measure(middle, measure_);
    if (!value) return value.error();
    // "20Mbit±2%" is a share of the value; "1%±0.5%" is not.
    const bool relative = quantity_ != Quantity::share && width.ends_with('%');
    const auto spread = parse_measure(width, relative ? Measure::share : measure_);
    if (!spread) return spread.error();
    const double half = relative ? *value * *spread : *spread;
    bound.least = std::max(0.0, *value - half);
    bound.most = *value + half;
    return {};
  }

  std::optional<Problem> between(Bound& bound, std::string_view first, std::string_view second) {
    const auto least = parse_measure(first, measure_);
    if (!least) return least.error();
    const auto most = parse_measure(second, measure_);
    if (!most) return most.error();
    bound.least = *least;
    bound.most = *most;
    return {};
  }

  std::optional<Problem> one_sided(Bound& bound) {
    const bool less = text_.front() == '<';
    std::string_view rest = text_.substr(1);
    const bool or_equal = rest.starts_with('=');
    if (or_equal) rest.remove_prefix(1);
    const auto value = parse_measure(trimmed(rest), measure_);
    if (!value) return value.error();
    if (less && *value == 0 && !or_equal) {
      return Problem{fmt::format("{} holds for nothing", in_quotes(text_)), {}};
    }
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    if (less) {
      bound.most = or_equal ? *value : std::nextafter(*value, -kInfinity);
    } else {
      bound.least = or_equal ? *value : std::nextafter(*value, kInfinity);
    }
    return {};
  }

  std::optional<Problem> exactly(Bound& bound) {
    const auto value = parse_measure(text_, measure_);
    if (!value) return Problem{value.error().message, std::string(kHint)};
    if (quantity_ == Quantity::duration || quantity_ == Quantity::rate) {
      return Problem{fmt::format("{} is never met exactly", in_quotes(text_)),
                     fmt::format("write {}", example_of(quantity_))};
    }
    bound.least = *value;
    bound.most = *value;
    return {};
  }

  std::string_view text_;
  Quantity quantity_;
  Measure measure_;
};

}  // namespace

Parsed<Bound> parse_bound(std::string_view text, Quantity quantity) {
  return Reader(text, quantity).read();
}

}  // namespace warren::lab
