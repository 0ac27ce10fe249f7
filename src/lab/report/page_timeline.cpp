// The scenario as a chart: a row per expectation, lines where something happened, and the same as a
// table.
#include <algorithm>
#include <cmath>
#include <map>

#include <warren/base/units.hpp>

#include "page_parts.hpp"
#include "terminal.hpp"
#include "words.hpp"

namespace warren::lab {
namespace {

constexpr double kWidth = 1000;
constexpr double kLabels = 270;
constexpr double kRow = 24;
constexpr double kTop = 26;
constexpr std::size_t kLabelCharacters = 42;

std::string_view symbol(Outcome outcome) {
  switch (outcome) {
    case Outcome::passed:
      return "✓";
    case Outcome::skipped:
      return "–";
    default:
      return "✗";
  }
}

void add_row(Html& html, const ExpectationResult& one, std::size_t number, const TimeAxis& axis,
             double y) {
  const double from = axis.x(one.began);
  const double width = std::max(axis.x(one.began + one.took) - from, 3.0);
  const bool bad = one.outcome == Outcome::failed || one.outcome == Outcome::error;
  html.add(R"(<text x="0" y="{:.1f}"{}>{} {}</text>)", y + 15, bad ? R"( class="bad")" : "",
           symbol(one.outcome), Esc{fit(one_line(one.name), kLabelCharacters)});
  html.add(
      R"(<a href="#x{}"><rect class="bar-{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="14" rx="2">)"
      "<title>{}: {}, from {} for {}</title></rect></a>\n",
      number, outcome_word(one.outcome), from, y + 4, width, Esc{one.name},
      outcome_word(one.outcome), format_seconds(one.began), format_seconds(one.took));
}

std::string_view kind_word(Incident::Kind kind) {
  switch (kind) {
    case Incident::Kind::event:
      return "event";
    case Incident::Kind::program:
      return "program";
    case Incident::Kind::tunnel:
      return "tunnel";
    case Incident::Kind::note:
      return "note";
  }
  return "";
}

struct Moment {
  std::string_view kind;
  std::string text;
  bool trouble;
  std::size_t number;  // of the incident; 0: an expectation
};

// By time; what happened at once stays in order.
std::multimap<base::Duration, Moment> moments_of(const LabResult& result) {
  std::multimap<base::Duration, Moment> moments;
  for (std::size_t i = 0; i < result.incidents.size(); ++i) {
    const Incident& one = result.incidents[i];
    moments.emplace(one.at, Moment{kind_word(one.kind), one.text, one.trouble, i + 1});
  }
  for (const ExpectationResult& one : result.expectations) {
    if (one.outcome == Outcome::skipped) continue;
    const bool bad = one.outcome != Outcome::passed;
    moments.emplace(one.began,
                    Moment{"expectation", fmt::format("“{}” begins", one.name), false, 0});
    moments.emplace(one.began + one.took,
                    Moment{"expectation",
                           fmt::format("“{}” {}{}", one.name, outcome_word(one.outcome),
                                       bad ? ": " + one.message : ""),
                           bad, 0});
  }
  return moments;
}

}  // namespace

double tick_step(double span, int most) {
  const double least = std::max(span, 1e-9) / most;
  const double power = std::pow(10, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= least) return factor * power;
  }
  return 10 * power;
}

TimeAxis page_axis(const LabResult& result) {
  TimeAxis axis{.begin_s = 0,
                .end_s = base::in_seconds(result.scenario),
                .left = kLabels + 10,
                .right = kWidth - 10};
  const auto include = [&](base::Duration at) {
    axis.begin_s = std::min(axis.begin_s, base::in_seconds(at));
    axis.end_s = std::max(axis.end_s, base::in_seconds(at));
  };
  for (const ExpectationResult& one : result.expectations) include(one.began + one.took);
  for (const Incident& one : result.incidents) include(one.at);
  if (axis.end_s - axis.begin_s < 0.01) axis.end_s = axis.begin_s + 0.01;
  return axis;
}

void add_time_ticks(Html& html, const TimeAxis& axis, double top, double bottom) {
  const double step = tick_step(axis.end_s - axis.begin_s, 10);
  const int decimals = step >= 1 ? 0 : static_cast<int>(std::ceil(-std::log10(step) - 1e-9));
  const auto first = static_cast<int>(std::ceil(axis.begin_s / step));
  const auto last = static_cast<int>(std::floor(axis.end_s / step + 1e-6));
  for (int tick = first; tick <= last; ++tick) {
    const double n = tick;
    const double x = axis.x(n * step);
    html.add(R"(<path class="grid" d="M{:.1f} {:.1f}V{:.1f}"/>)", x, top, bottom);
    html.add(
        "<text class=\"dim\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{:.{}f} s</text>\n",
        x, bottom + 14, n == 0 ? 0.0 : n * step, decimals);
  }
}

void add_event_lines(Html& html, const LabResult& result, const TimeAxis& axis, double top,
                     double bottom) {
  std::map<long, int> taken;  // markers in one place stand side by side
  for (std::size_t i = 0; i < result.incidents.size(); ++i) {
    const Incident& one = result.incidents[i];
    if (one.kind != Incident::Kind::event && !one.trouble) continue;
    const double x = axis.x(one.at);
    const int shift = taken[std::lround(x / 14)]++;
    html.add(R"(<g><title>{}: {}</title><path class="{}" d="M{:.1f} {:.1f}V{:.1f}"/>)",
             format_seconds(one.at), Esc{one.text}, one.trouble ? "trouble-line" : "event", x, top,
             bottom);
    html.add(
        R"(<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="8"/><text class="on" x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text></g>)"
        "\n",
        one.trouble ? "trouble-n" : "event-n", x + shift * 14, top - 9, x + shift * 14, top - 5.5,
        i + 1);
  }
}

void add_timeline(Html& html, const LabResult& result) {
  html.raw("<section id=\"timeline\"><h2>Timeline</h2>\n");
  const TimeAxis axis = page_axis(result);
  const double bottom =
      kTop + kRow * static_cast<double>(std::max<std::size_t>(result.expectations.size(), 1)) + 4;
  html.add(
      R"(<div class="wide"><svg viewBox="0 0 {} {}" role="img" aria-label="Expectations and events over time; the table below says the same">)"
      "\n",
      kWidth, bottom + 22);
  add_time_ticks(html, axis, kTop, bottom);
  for (std::size_t i = 0; i < result.expectations.size(); ++i) {
    add_row(html, result.expectations[i], i + 1, axis, kTop + kRow * static_cast<double>(i));
  }
  add_event_lines(html, result, axis, kTop, bottom);
  html.raw("</svg></div>\n");
  html.raw(
      "<details><summary>As a table, with everything that happened</summary><div class=\"wide\">"
      "<table><thead><tr><th class=\"n\" scope=\"col\">#</th><th class=\"n\" "
      "scope=\"col\">time</th>"
      "<th scope=\"col\">what</th><th scope=\"col\"></th></tr></thead><tbody>\n");
  for (const auto& [at, one] : moments_of(result)) {
    html.add(
        R"(<tr{}><td class="n">{}</td><td class="n">{:.3f} s</td><td class="dim">{}</td><td>{}</td></tr>)"
        "\n",
        one.trouble ? R"( class="hit")" : "", one.number == 0 ? "" : std::to_string(one.number),
        base::in_seconds(at), one.kind, Esc{one.text});
  }
  html.raw("</tbody></table></div></details></section>\n");
}

}  // namespace warren::lab
