#include "words.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <ctime>

#include <warren/base/text.hpp>
#include <warren/lab/report.hpp>

#include "escape.hpp"

namespace warren::lab {
namespace {

struct Scale {
  double least;
  double unit;
  std::string_view name;
};

template <std::size_t N>
std::string scaled(double value, const std::array<Scale, N>& scales) {
  const double magnitude = std::abs(value);
  for (const Scale& scale : scales) {
    if (magnitude >= scale.least) return fmt::format("{:.4g} {}", value / scale.unit, scale.name);
  }
  return fmt::format("{:.4g} {}", value / scales.back().unit, scales.back().name);
}

constexpr std::array<Scale, 3> kTimes{{{1, 1, "s"}, {1e-3, 1e-3, "ms"}, {0, 1e-6, "µs"}}};
constexpr std::array<Scale, 4> kRates{
    {{1e9, 1e9, "Gbit/s"}, {1e6, 1e6, "Mbit/s"}, {1e3, 1e3, "kbit/s"}, {0, 1, "bit/s"}}};

void add_block(std::string& body, std::string_view text) {
  if (text.empty()) return;
  body += text;
  if (!text.ends_with('\n')) body += '\n';
}

Case case_of(const ExpectationResult& result) {
  Case out{.name = result.name,
           .kind = result.kind,
           .outcome = result.outcome,
           .message = result.outcome == Outcome::passed ? "" : one_line(result.message),
           .body = {},
           .place = result.place,
           .took = result.took};
  if (!result.asked.empty()) add_block(out.body, "asked: " + result.asked);
  if (!result.message.empty()) add_block(out.body, "seen: " + result.message);
  for (const Figure& figure : result.figures) {
    add_block(out.body, fmt::format("{} {}", figure.within ? " " : "!", format_figure(figure)));
  }
  add_block(out.body, strip_terminal_sequences(result.detail));
  return out;
}

}  // namespace

std::string_view outcome_word(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::passed:
      return "passed";
    case Outcome::failed:
      return "failed";
    case Outcome::skipped:
      return "skipped";
    case Outcome::error:
      return "error";
  }
  return "?";
}

std::string format_value(double value, std::string_view unit) {
  if (!std::isfinite(value)) return "none";
  if (unit == "s") return scaled(value, kTimes);
  if (unit == "bit/s") return scaled(value, kRates);
  if (unit == "share") return fmt::format("{:.4g}%", value * 100);
  const bool whole = value == std::floor(value) && std::abs(value) < 1e15;
  const std::string number = whole ? fmt::format("{:.0f}", value) : fmt::format("{:.4g}", value);
  return unit.empty() ? number : fmt::format("{} {}", number, unit);
}

std::string format_figure(const Figure& figure) {
  std::string text = fmt::format("{} {}", figure.name, format_value(figure.value, figure.unit));
  if (figure.bound) text += fmt::format(", asked {}", *figure.bound);
  return text;
}

std::string format_seconds(base::Duration duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  if (std::abs(seconds) >= 1) return fmt::format("{:.1f} s", seconds);
  if (std::abs(seconds) >= 0.01) return fmt::format("{:.0f} ms", seconds * 1e3);
  return fmt::format("{:.1f} ms", seconds * 1e3);
}

std::string format_utc(base::WallTime when) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(when.time_since_epoch()).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}Z", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

std::vector<Case> cases_of(const LabResult& result) {
  std::vector<Case> cases;
  bool explained = result.outcome == Outcome::passed;
  for (const ExpectationResult& expectation : result.expectations) {
    cases.push_back(case_of(expectation));
    // A lab that was skipped or broke says so itself.
    explained = explained || (result.outcome == Outcome::failed &&
                              expectation.outcome == Outcome::failed && result.message.empty());
  }
  if (explained) return cases;
  const std::string message =
      result.message.empty() ? std::string(outcome_word(result.outcome)) : one_line(result.message);
  std::string body;
  add_block(body, result.message);
  cases.push_back({.name = "the lab itself",
                   .kind = "lab",
                   .outcome = result.outcome,
                   .message = message,
                   .body = std::move(body),
                   .place = result.place.value_or(Place{}),
                   .took = {}});
  return cases;
}

base::Duration duration_of(const LabResult& result) {
  return result.bring_up + result.scenario + result.tear_down;
}

Totals totals_of(std::span<const LabResult> results) {
  Totals totals;
  totals.labs = results.size();
  for (const LabResult& result : results) {
    totals.passed += result.outcome == Outcome::passed ? 1U : 0U;
    totals.failed += result.outcome == Outcome::failed ? 1U : 0U;
    totals.skipped += result.outcome == Outcome::skipped ? 1U : 0U;
    totals.errors += result.outcome == Outcome::error ? 1U : 0U;
    totals.expectations += result.expectations.size();
    totals.took += duration_of(result);
  }
  return totals;
}

std::string title_of(const LabResult& result) {
  const std::string name = result.name.empty() ? result.file.filename().string() : result.name;
  return result.run == 0 ? name : fmt::format("{} (run {})", name, result.run);
}

std::string relative_to(const std::filesystem::path& file, const std::filesystem::path& root) {
  if (root.empty() || file.empty()) return file.string();
  const auto whole = std::filesystem::weakly_canonical(file);
  const auto relative = whole.lexically_relative(std::filesystem::weakly_canonical(root));
  const bool inside = !relative.empty() && *relative.begin() != "..";
  return inside ? relative.string() : file.string();
}

std::string repeat_command(const LabResult& result) {
  std::string text = fmt::format("warren lab test {} --seed {}",
                                 base::shell_word(result.file.string()), result.seed);
  if (!result.replay.empty()) {
    text += fmt::format(" --replay {}", base::shell_word(result.replay.string()));
  }
  return text;
}

}  // namespace warren::lab
