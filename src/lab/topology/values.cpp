#include "values.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <csignal>
#include <span>
#include <utility>

#include <warren/base/error.hpp>
#include <warren/base/text.hpp>
#include <warren/lab/pattern.hpp>

#include "limits.hpp"
#include "quantity.hpp"

namespace warren::lab {

using base::is_digit;
using base::is_letter;
using config::in_quotes;
using config::problem;

namespace {

struct Unit {
  std::string_view name;
  double factor;
  double divisor = 1;  ///< a product with 0.01 would not be the nearest number to "7%"
};
constexpr Unit kTimes[] = {{"ns", 1, 1e9}, {"us", 1, 1e6}, {"µs", 1, 1e6}, {"ms", 1, 1e3},
                           {"s", 1},       {"m", 60},      {"min", 60},    {"h", 3600}};
constexpr Unit kRates[] = {{"bit", 1}, {"kbit", 1e3}, {"Mbit", 1e6}, {"Gbit", 1e9}};
constexpr Unit kSizes[] = {{"B", 1},
                           {"kB", 1e3},
                           {"MB", 1e6},
                           {"GB", 1e9},
                           {"KiB", 1024},
                           {"MiB", 1024. * 1024},
                           {"GiB", 1024. * 1024 * 1024}};
constexpr Unit kShares[] = {{"%", 1, 100}};

struct Grammar {
  std::string_view what;  ///< "a duration"
  std::span<const Unit> units;
  std::string_view example;
  bool unit_optional;  ///< always for 0
};

const Grammar& grammar_of(Measure measure) noexcept {
  static constexpr Grammar kDuration{"a duration", kTimes, "\"35ms\"", false};
  static constexpr Grammar kRate{"a rate", kRates, "\"20Mbit\"", false};
  static constexpr Grammar kSize{"a size", kSizes, "\"64KiB\"", true};
  static constexpr Grammar kShare{"a percentage", kShares, "\"1%\"", false};
  static constexpr Grammar kCount{"a number", {}, "\"10\"", true};
  switch (measure) {
    case Measure::duration:
      return kDuration;
    case Measure::rate:
      return kRate;
    case Measure::size:
      return kSize;
    case Measure::share:
      return kShare;
    case Measure::count:
      break;
  }
  return kCount;
}

/// The unit as written, without what may follow a rate.
std::string_view unit_of(std::string_view text, Measure measure) {
  if (measure != Measure::rate) return text;
  for (const std::string_view end : {std::string_view("/s"), std::string_view("ps")}) {
    if (text.ends_with(end) && text.size() > end.size()) {
      text.remove_suffix(end.size());
      break;
    }
  }
  return text;
}

std::unexpected<Problem> unknown_unit(std::string_view text, std::string_view unit,
                                      const Grammar& grammar) {
  std::vector<std::string_view> names;
  for (const Unit& each : grammar.units) names.push_back(each.name);
  if (names.empty()) {
    return problem(fmt::format("{} is no number", in_quotes(text)), "a count has no unit");
  }
  if (unit.empty()) {
    return problem(fmt::format("{} has no unit", in_quotes(text)),
                   fmt::format("it is {} with one of {}: {}", grammar.what, fmt::join(names, ", "),
                               grammar.example));
  }
  return problem(
      fmt::format("{} has an unknown unit {}", in_quotes(text), in_quotes(unit)),
      fmt::format("{} has one of {}: {}", grammar.what, fmt::join(names, ", "), grammar.example));
}

}  // namespace

Parsed<double> parse_measure(std::string_view text, Measure measure) {
  const Grammar& grammar = grammar_of(measure);
  const auto malformed = [&] {
    return problem(fmt::format("{} is no {}", in_quotes(text), grammar.what.substr(2)),
                   fmt::format("for example {}", grammar.example));
  };
  if (text.starts_with('-')) {
    return problem(fmt::format("{} is negative", in_quotes(text)),
                   fmt::format("for example {}", grammar.example));
  }
  // from_chars takes "inf" and "1e3" too; only digits and one dot are meant.
  const std::size_t length = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::string_view digits = text.substr(0, length);
  double number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number,
                                            std::chars_format::fixed);
  if (digits.empty() || !is_digit(digits.front()) || !is_digit(digits.back()) ||
      error != std::errc() || end != digits.data() + digits.size()) {
    return malformed();
  }
  std::string_view rest = text.substr(length);
  if (rest.starts_with(' ')) rest.remove_prefix(1);
  if (rest.empty() && (grammar.unit_optional || number == 0)) return number;
  const std::string_view unit = unit_of(rest, measure);
  for (const Unit& each : grammar.units) {
    if (each.name == unit) return number * each.factor / each.divisor;
  }
  return unknown_unit(text, rest, grammar);
}

Parsed<base::Duration> parse_duration(std::string_view text) {
  const auto seconds = parse_measure(text, Measure::duration);
  if (!seconds) return std::unexpected(seconds.error());
  if (*seconds > static_cast<double>(kMaxSeconds)) {
    return problem(fmt::format("{} is longer than a day", in_quotes(text)));
  }
  return base::Duration(std::llround(*seconds * 1e9));
}

Parsed<std::uint64_t> parse_rate(std::string_view text) {
  const auto rate = parse_measure(text, Measure::rate);
  if (!rate) return std::unexpected(rate.error());
  if (*rate < 1) {
    return problem(fmt::format("{} lets nothing through", in_quotes(text)),
                   "a link that is down has up = false");
  }
  if (*rate > static_cast<double>(kMaxRateBps)) {
    return problem(
        fmt::format("{} is more than {} Gbit", in_quotes(text), kMaxRateBps / 1000000000));
  }
  return static_cast<std::uint64_t>(std::llround(*rate));
}

Parsed<std::uint64_t> parse_size(std::string_view text) {
  const auto size = parse_measure(text, Measure::size);
  if (!size) return std::unexpected(size.error());
  constexpr double kMost = 1e15;
  if (*size > kMost) return problem(fmt::format("{} is too big", in_quotes(text)));
  if (*size != std::floor(*size)) {
    return problem(fmt::format("{} is no whole number of bytes", in_quotes(text)));
  }
  return static_cast<std::uint64_t>(*size);
}

Parsed<impair::Probability> parse_share(std::string_view text) {
  const auto share = parse_measure(text, Measure::share);
  if (!share) return std::unexpected(share.error());
  if (*share > 1) return problem(fmt::format("{} is more than 100%", in_quotes(text)));
  return *share;
}

Parsed<impair::Selector> parse_selector(std::string_view text) {
  const std::size_t hash = text.find('#');
  const std::string_view digits =
      hash == std::string_view::npos ? std::string_view{} : text.substr(hash + 1);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) {
    return problem(fmt::format("{} does not say which packet", in_quotes(text)),
                   "the kind, `#`, and the number in its flow: \"udp#3\"");
  }
  if (number == 0) {
    return problem(fmt::format("{} is no packet", in_quotes(text)), "packets count from 1");
  }
  const std::string_view kind = text.substr(0, hash);
  if (const auto* found = std::ranges::find(kSelectorKinds, kind); found != kSelectorKinds.end()) {
    const auto index = found - kSelectorKinds.begin();
    return impair::Selector{.kind = static_cast<impair::Selector::Kind>(index), .number = number};
  }
  const std::string_view nearest = config::nearest_name(kind, kSelectorKinds);
  return problem(fmt::format("{} is no kind of packet", in_quotes(kind)),
                 nearest.empty() ? fmt::format("there are: {}", fmt::join(kSelectorKinds, ", "))
                                 : fmt::format("did you mean \"{}\"?", nearest));
}

Parsed<int> parse_signal(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, int>, 12> kSignals = {{
      {"TERM", SIGTERM},
      {"KILL", SIGKILL},
      {"HUP", SIGHUP},
      {"INT", SIGINT},
      {"QUIT", SIGQUIT},
      {"USR1", SIGUSR1},
      {"USR2", SIGUSR2},
      {"STOP", SIGSTOP},
      {"CONT", SIGCONT},
      {"ABRT", SIGABRT},
      {"ALRM", SIGALRM},
      {"SEGV", SIGSEGV},
  }};
  const std::string_view plain = text.starts_with("SIG") ? text.substr(3) : text;
  std::array<std::string_view, kSignals.size()> names;
  std::ranges::transform(kSignals, names.begin(), [](const auto& each) { return each.first; });
  for (const auto& [name, number] : kSignals) {
    if (name == plain) return number;
  }
  const std::string_view nearest = config::nearest_name(plain, names);
  return problem(fmt::format("{} is no signal", in_quotes(text)),
                 nearest.empty() ? fmt::format("there are: {}", fmt::join(names, ", "))
                                 : fmt::format("did you mean \"{}\"?", nearest));
}

std::optional<Problem> check_device_name(std::string_view name) {
  if (auto bad = config::check_interface_name(name)) return bad;
  // "all" and "default" are folders beside the devices' own below /proc/sys/net.
  if (name != "lo" && name != "all" && name != "default") return {};
  return Problem{fmt::format("every node has {} already", in_quotes(name)), "for example \"eth0\""};
}

std::optional<Problem> check_name(std::string_view name) {
  constexpr std::string_view kRule =
      "letters, digits, `-`, `_` and `.`, beginning with a letter or a digit";
  if (name.empty()) return Problem{"a name cannot be empty", std::string(kRule)};
  if (name.size() > kMaxName) {
    return Problem{fmt::format("{} has {} characters, and a name has at most {}", in_quotes(name),
                               name.size(), kMaxName),
                   {}};
  }
  const auto allowed = [](char c) {
    return is_letter(c) || is_digit(c) || c == '-' || c == '_' || c == '.';
  };
  if (!std::ranges::all_of(name, allowed) || !(is_letter(name[0]) || is_digit(name[0]))) {
    return Problem{fmt::format("{} cannot be a name", in_quotes(name)), std::string(kRule)};
  }
  return {};
}

std::optional<Problem> check_regex(const std::string& text) {
  if (text.size() > kMaxRegex) {
    return Problem{fmt::format("the regular expression has more than {} characters", kMaxRegex),
                   {}};
  }
  try {
    static_cast<void>(Pattern(text));  // compiled to see whether it is one
  } catch (const base::Error& error) {
    return Problem{fmt::format("{} is no regular expression: {}", in_quotes(text), error.what()),
                   "the syntax is RE2's: no back-references, no look-around"};
  }
  return {};
}

}  // namespace warren::lab
