// Links: counters and verdicts of both directions, and a chart of each over time. What arrived
// stands above the axis, what was dropped hangs below it on a scale of its own, because one frame
// in a hundred would not show otherwise.
#include <algorithm>
#include <array>

#include <warren/base/units.hpp>
#include <warren/impair/pipeline.hpp>

#include "page_parts.hpp"
#include "window.hpp"
#include "words.hpp"

namespace warren::lab {
namespace {

constexpr double kWidth = 1000;
constexpr double kLeft = 70;
constexpr double kUp = 70;    // height of what arrived
constexpr double kDown = 34;  // and of what was dropped
constexpr std::size_t kBarsMost = 250;
constexpr std::size_t kOpenMost = 12;

struct Bars {
  base::Duration began{}, slice{};
  std::vector<SeriesSlice> slices;
  std::uint32_t most_up = 0, most_down = 0, most_flight = 0;
};

std::uint32_t drops(const SeriesSlice& slice) {
  std::uint32_t sum = 0;
  for (std::size_t v = 1; v < slice.verdicts.size(); ++v) sum += slice.verdicts.at(v);
  return sum;
}

// Joins slices so that a chart has at most kBarsMost bars.
Bars bars_of(const LinkSeries& series, std::size_t direction) {
  const auto& slices = series.directions.at(direction);
  const std::size_t join = slices.size() / kBarsMost + 1;
  Bars bars{series.began, series.slice * static_cast<std::int64_t>(join), {}};
  for (std::size_t i = 0; i < slices.size(); ++i) {
    if (i % join == 0) bars.slices.emplace_back();
    SeriesSlice& to = bars.slices.back();
    to.sent += slices[i].sent;
    for (std::size_t v = 0; v < to.verdicts.size(); ++v) {
      to.verdicts.at(v) += slices[i].verdicts.at(v);
    }
    to.in_flight = std::max(to.in_flight, slices[i].in_flight);
    to.arrived_bytes += slices[i].arrived_bytes;
  }
  for (const SeriesSlice& slice : bars.slices) {
    bars.most_up = std::max(bars.most_up, slice.arrived());
    bars.most_down = std::max(bars.most_down, drops(slice));
    bars.most_flight = std::max(bars.most_flight, slice.in_flight);
  }
  return bars;
}

// The bars of one verdict as one path, upward or stacked downward.
void add_bars(Html& html, const Bars& bars, std::size_t verdict, const TimeAxis& axis,
              double zero) {
  std::string path;
  for (std::size_t i = 0; i < bars.slices.size(); ++i) {
    const SeriesSlice& slice = bars.slices[i];
    const std::uint32_t count = slice.verdicts.at(verdict);
    if (count == 0) continue;
    const base::Duration at = bars.began + bars.slice * static_cast<std::int64_t>(i);
    const double x = axis.x(at);
    const double width = std::max(axis.x(at + bars.slice) - x, 1.2);
    double y = zero;
    double height = 0;
    if (verdict == 0) {
      height = kUp * count / bars.most_up;
      y -= height;
    } else {
      const double scale = kDown / bars.most_down;
      for (std::size_t v = 1; v < verdict; ++v) y += scale * slice.verdicts.at(v);
      height = std::max(scale * count, 1.0);
    }
    path += fmt::format("M{:.1f} {:.1f}h{:.1f}v{:.1f}h-{:.1f}z", x, y, width, height, width);
  }
  if (path.empty()) return;
  html.add("<path class=\"s-{}\" d=\"{}\"><title>{}</title></path>\n",
           impair::identifier(static_cast<impair::Verdict>(verdict)), path,
           verdict_phrase(verdict));
}

void add_flight(Html& html, const Bars& bars, const TimeAxis& axis, double zero) {
  if (bars.most_flight == 0) return;
  std::string path;
  for (std::size_t i = 0; i < bars.slices.size(); ++i) {
    const base::Duration at = bars.began + bars.slice * static_cast<std::int64_t>(i);
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", axis.x(at + bars.slice / 2),
                        zero - kUp * bars.slices[i].in_flight / bars.most_flight);
  }
  html.add("<path class=\"s-flight\" d=\"{}\"><title>on their way, at most {}</title></path>\n",
           path, bars.most_flight);
}

void add_chart(Html& html, const LabResult& result, const LinkReport& link, std::size_t direction) {
  const Bars bars = bars_of(link.series, direction);
  const std::string name =
      fmt::format("{} → {}", link.ends.at(direction), link.ends.at(1 - direction));
  if (bars.most_up == 0 && bars.most_down == 0) {
    html.add("<p class=\"dim\">{}: no frames.</p>\n", Esc{name});
    return;
  }
  TimeAxis axis = page_axis(result);
  axis.left = kLeft;
  const double top = 22;
  const double zero = top + kUp;
  const double bottom = zero + (bars.most_down > 0 ? kDown + 4 : 2);
  html.add(
      R"(<div class="wide"><svg viewBox="0 0 {} {:.0f}" role="img" aria-label="Frames over time, {}: at most {} arrived and {} were dropped in {}">)"
      "\n",
      kWidth, bottom + 20, Esc{name}, bars.most_up, bars.most_down, format_seconds(bars.slice));
  for (const ExpectationResult& one : result.expectations) {
    if (one.outcome != Outcome::failed) continue;
    const double x = axis.x(one.began);
    html.add(
        "<rect class=\"span-failed\" x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" height=\"{:.1f}\">"
        "<title>{} failed</title></rect>\n",
        x, top, std::max(axis.x(one.began + one.took) - x, 2.0), bottom - top, Esc{one.name});
  }
  add_time_ticks(html, axis, top, bottom);
  for (std::size_t v = 0; v < impair::kVerdicts; ++v) add_bars(html, bars, v, axis, zero);
  add_flight(html, bars, axis, zero);
  html.add("<path class=\"axis\" d=\"M{} {:.1f}H{}\"/>", kLeft, zero, kWidth - 10);
  const auto label = [&](double y, std::uint32_t count) {
    html.add("<text class=\"dim\" x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>", kLeft - 6,
             y, count);
  };
  label(top + 10, bars.most_up);
  label(zero - 1, 0);
  if (bars.most_down > 0) label(bottom, bars.most_down);
  add_event_lines(html, result, axis, top, bottom);
  html.raw("</svg></div>\n");
  html.add("<p class=\"dim\">{}; a bar is {}.{}</p>\n", Esc{name}, format_seconds(bars.slice),
           bars.most_flight > 0 ? fmt::format(" On their way: at most {}.", bars.most_flight) : "");
}

LinkWindow::Direction totals(const LinkReport& link, std::size_t direction) {
  LinkWindow::Direction sums;
  if (link.wired) {
    const WireCounters& counters = link.counters.at(direction);
    sums.sent = counters.frames;
    sums.verdicts = counters.verdicts;
    sums.arrived = counters.verdicts[0];
    return sums;
  }
  for (const SeriesSlice& slice : link.series.directions.at(direction)) {
    sums.sent += slice.sent;
    sums.arrived += slice.arrived();
  }
  return sums;
}

void add_counters(Html& html, const LinkReport& link) {
  html.raw("<div class=\"wide\"><table><thead><tr><th scope=\"col\"></th>");
  for (std::size_t d = 0; d < 2; ++d) {
    html.add("<th class=\"n\" scope=\"col\">{} → {}</th>", Esc{link.ends.at(d)},
             Esc{link.ends.at(1 - d)});
  }
  html.raw("</tr></thead><tbody>\n");
  const auto row = [&](std::string_view name, const auto& cell, bool bad) {
    const std::array<std::string, 2> cells{cell(std::size_t{0}), cell(std::size_t{1})};
    html.add("<tr{}><th scope=\"row\">{}</th><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
             bad ? " class=\"hit\"" : "", Esc{name}, Esc{cells[0]}, Esc{cells[1]});
  };
  const auto count_row = [&](std::string_view name, auto member, bool bad_if_any) {
    const auto sum = link.counters[0].*member + link.counters[1].*member;
    if (sum == 0) return;
    row(
        name, [&](std::size_t d) { return std::to_string(link.counters.at(d).*member); },
        bad_if_any);
  };
  row(
      "settings",
      [&](std::size_t d) {
        return link.settings.at(d).empty() ? std::string("passes all") : link.settings.at(d);
      },
      false);
  row(
      "frames sent", [&](std::size_t d) { return std::to_string(totals(link, d).sent); }, false);
  if (link.wired) {
    row(
        "bytes", [&](std::size_t d) { return base::format_size(link.counters.at(d).bytes); },
        false);
    for (std::size_t v = 0; v < impair::kVerdicts; ++v) {
      const auto count = [&](std::size_t d) { return link.counters.at(d).verdicts.at(v); };
      if (count(0) + count(1) == 0 && v != 0) continue;
      const auto share = [&](std::size_t d) {
        const std::uint64_t frames = link.counters.at(d).frames;
        const double percent =
            frames == 0 ? 0 : 100.0 * static_cast<double>(count(d)) / static_cast<double>(frames);
        return frames == 0 || v == 0 ? std::to_string(count(d))
                                     : fmt::format("{} ({:.2g}%)", count(d), percent);
      };
      row(verdict_phrase(v), share, v != 0);
    }
    count_row("duplicated", &WireCounters::duplicated, false);
    count_row("corrupted", &WireCounters::corrupted, false);
    count_row("reordered", &WireCounters::reordered, false);
    count_row("malformed", &WireCounters::malformed, true);
    count_row("refused by the receiver's device", &WireCounters::refused, true);
    count_row("still held", &WireCounters::held_frames, false);
    row(
        "late against the emulated moment",
        [&](std::size_t d) {
          const WireCounters& c = link.counters.at(d);
          return fmt::format("p50 {}, p99 {}, at most {}",
                             format_value(static_cast<double>(c.late_p50_ns) * 1e-9, "s"),
                             format_value(static_cast<double>(c.late_p99_ns) * 1e-9, "s"),
                             format_value(static_cast<double>(c.late_max_ns) * 1e-9, "s"));
        },
        false);
  }
  html.raw("</tbody></table></div>\n");
}

std::string headline(const LinkReport& link, bool* trouble) {
  std::string text;
  for (std::size_t d = 0; d < 2; ++d) {
    const auto sums = totals(link, d);
    const std::string words = drops_in_words(sums);
    if (!words.empty()) *trouble = true;
    text += fmt::format("{}{} → {}: {} sent{}{}", d == 0 ? "" : "; ", link.ends.at(d),
                        link.ends.at(1 - d), sums.sent, words.empty() ? "" : ", ", words);
  }
  return text;
}

}  // namespace

void add_links(Html& html, const LabResult& result) {
  html.raw("<section id=\"links\"><h2>Links</h2>\n");
  html.raw(
      "<p class=\"dim\"><span class=\"key s-passed\"></span>arrived"
      "<span class=\"key s-lost\"></span>lost or named by drop"
      "<span class=\"key s-too_big\"></span>larger than the MTU"
      "<span class=\"key s-link_down\"></span>link down"
      "<span class=\"key s-queue_full\"></span>queue full or CoDel"
      "<span class=\"key s-overrun\"></span>Warren’s own limits"
      "<span class=\"key s-flight\"></span>on their way (scaled to its own maximum). "
      "Drops hang below the axis, on a scale of their own. Pink: a failed expectation ran.</p>\n");
  std::size_t opened = 0;
  for (const LinkReport& link : result.links) {
    bool trouble = false;
    const std::string text = headline(link, &trouble);
    const bool open = (trouble || result.links.size() <= 4) && opened < kOpenMost;
    if (open) ++opened;
    html.add(
        "<details{}{}><summary><strong>{}</strong> <span class=\"dim\">{}</span> "
        "{}</summary><div>\n",
        trouble ? " class=\"trouble\"" : "", open ? " open" : "", Esc{link.name},
        link.wired ? "wired" : "plain", Esc{text});
    add_counters(html, link);
    for (std::size_t d = 0; d < 2; ++d) add_chart(html, result, link, d);
    html.raw("</div></details>\n");
  }
  html.raw("</section>\n");
}

}  // namespace warren::lab
