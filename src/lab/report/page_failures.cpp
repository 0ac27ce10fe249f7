// What failed, each with what was asked and seen, and with what the links, programs and events did
// meanwhile: the place where a fault shows.
#include <algorithm>
#include <map>

#include "page_parts.hpp"
#include "window.hpp"
#include "words.hpp"

namespace warren::lab {
namespace {

constexpr std::size_t kLinksMost = 40;
constexpr std::size_t kIncidentsMost = 12;

void add_figures(Html& html, const std::vector<Figure>& figures) {
  if (figures.empty()) return;
  html.raw(
      "<table><thead><tr><th scope=\"col\">figure</th><th class=\"n\" scope=\"col\">seen</th>"
      "<th scope=\"col\">asked</th><th scope=\"col\"></th></tr></thead><tbody>\n");
  for (const Figure& figure : figures) {
    const std::string_view verdict = !figure.bound ? "" : figure.within ? "✓" : "✗";
    html.add("<tr><th scope=\"row\">{}</th><td class=\"n{}\">{}</td><td>{}</td><td>{}</td></tr>\n",
             Esc{figure.name}, figure.within ? "" : " bad",
             Esc{format_value(figure.value, figure.unit)}, Esc{figure.bound.value_or("")}, verdict);
  }
  html.raw("</tbody></table>\n");
}

// Events and troubles up to the end of the expectation: what came last explains most.
void add_incidents(Html& html, const LabResult& result, const ExpectationResult& one) {
  std::multimap<base::Duration, const Incident*> before;
  for (const Incident& incident : result.incidents) {
    const bool tells = incident.trouble || incident.kind == Incident::Kind::event;
    if (tells && incident.at <= one.began + one.took) before.emplace(incident.at, &incident);
  }
  while (before.size() > kIncidentsMost) before.erase(before.begin());
  if (before.empty()) return;
  html.raw("<h4>What had happened until then</h4><ul>\n");
  for (const auto& [at, incident] : before) {
    html.add("<li{}>{}: {} <span class=\"dim\">({})</span></li>\n",
             incident->trouble ? " class=\"bad\"" : "", format_seconds(at), Esc{incident->text},
             at >= one.began ? "while it ran" : "before it began");
  }
  html.raw("</ul>\n");
}

void add_direction_cells(Html& html, const LinkWindow::Direction& direction) {
  html.add("<td class=\"n\">{}</td><td class=\"n\">{}</td>", direction.sent, direction.arrived);
}

void add_window(Html& html, const LabResult& result, const ExpectationResult& one) {
  const bool counted = std::ranges::any_of(
      result.links, [](const LinkReport& link) { return link.series.slice > base::Duration{}; });
  if (!counted) return;
  const auto windows = window_of(result, one.began, one.began + one.took);
  html.raw("<h4>What the links saw while it ran</h4>\n");
  if (windows.empty()) {
    html.raw(
        "<p class=\"bad\">No frame on any link: nothing left the sender. Was its link "
        "down, or had it no address or no route?</p>\n");
    return;
  }
  html.raw(
      "<div class=\"wide\"><table><thead><tr><th scope=\"col\">link</th>"
      "<th class=\"n\" scope=\"col\">→ sent</th><th class=\"n\" scope=\"col\">→ arrived</th>"
      "<th class=\"n\" scope=\"col\">← sent</th><th class=\"n\" scope=\"col\">← arrived</th>"
      "<th scope=\"col\">dropped</th></tr></thead><tbody>\n");
  for (std::size_t i = 0; i < std::min(windows.size(), kLinksMost); ++i) {
    const LinkWindow& window = windows[i];
    std::string words;
    for (std::size_t d = 0; d < 2; ++d) {
      const std::string drops = drops_in_words(window.directions.at(d));
      if (!drops.empty())
        words += fmt::format("{}{} {} ({})", words.empty() ? "" : "; ", d == 0 ? "→" : "←", drops,
                             window.link->settings.at(d));
    }
    const bool hit = !words.empty();
    if (!hit && window.one_way()) words = "hardly any frame came the other way";
    html.add("<tr{}><th scope=\"row\">{} <span class=\"dim\">{} → {}</span></th>",
             hit ? " class=\"hit\"" : "", Esc{window.link->name}, Esc{window.link->ends[0]},
             Esc{window.link->ends[1]});
    add_direction_cells(html, window.directions[0]);
    add_direction_cells(html, window.directions[1]);
    html.add("<td>{}</td></tr>\n", Esc{words});
  }
  html.raw("</tbody></table></div>\n");
  html.raw(
      "<p class=\"dim\">Counted in whole bars of the charts below: frames of what ran just before "
      "or "
      "after may be among these, and what arrived may have been sent before.</p>\n");
  if (windows.size() > kLinksMost) {
    html.add("<p class=\"dim\">and {} more links</p>\n", windows.size() - kLinksMost);
  }
}

void add_failure(Html& html, const PageInput& input, const ExpectationResult& one,
                 std::size_t number) {
  html.add("<article class=\"card\" id=\"x{}\"><h3><span class=\"bad\">✗</span> {}</h3>\n", number,
           Esc{one.name});
  html.raw("<dl class=\"facts\">");
  html.add("<dt>asked</dt><dd>{} <a href=\"#L{}\">line {}</a></dd>",
           Esc{one.asked.empty() ? one.kind : one.asked}, one.place.line, one.place.line);
  html.add("<dt>seen</dt><dd class=\"bad\">{}</dd>", Esc{one.message});
  html.add("<dt>when</dt><dd>from {} for {}</dd></dl>\n", format_seconds(one.began),
           format_seconds(one.took));
  add_figures(html, one.figures);
  if (!one.detail.empty()) html.add("<pre>{}</pre>\n", Esc{strip_terminal_sequences(one.detail)});
  add_incidents(html, input.result, one);
  // A verdict on the whole scenario took no time of its own.
  if (one.took > base::Duration{}) add_window(html, input.result, one);
  html.raw("</article>\n");
}

}  // namespace

bool has_failures(const LabResult& result) {
  const auto failed = [](const ExpectationResult& one) {
    return one.outcome == Outcome::failed || one.outcome == Outcome::error;
  };
  return !result.message.empty() || std::ranges::any_of(result.expectations, failed);
}

void add_failures(Html& html, const PageInput& input) {
  const LabResult& result = input.result;
  if (!has_failures(result)) return;
  html.raw("<section id=\"failed\"><h2>What failed</h2>\n");
  if (!result.message.empty()) {
    html.add("<article class=\"card\"><h3>The lab itself</h3><pre class=\"whole\">{}</pre>",
             Esc{strip_terminal_sequences(result.message)});
    if (result.place) {
      html.add("<p><a href=\"#L{}\">line {}</a></p>", result.place->line, result.place->line);
    }
    html.raw("</article>\n");
  }
  for (std::size_t i = 0; i < result.expectations.size(); ++i) {
    const ExpectationResult& one = result.expectations[i];
    if (one.outcome == Outcome::failed || one.outcome == Outcome::error) {
      add_failure(html, input, one, i + 1);
    }
  }
  html.raw("</section>\n");
}

void add_expectations(Html& html, const LabResult& result) {
  html.raw(
      "<section id=\"expectations\"><h2>All expectations</h2><div class=\"wide\"><table "
      "class=\"all\"><thead><tr>"
      "<th scope=\"col\"></th><th scope=\"col\">expectation</th><th scope=\"col\">asked</th>"
      "<th scope=\"col\">seen</th><th class=\"n\" scope=\"col\">took</th><th "
      "scope=\"col\">line</th>"
      "</tr></thead><tbody>\n");
  for (std::size_t i = 0; i < result.expectations.size(); ++i) {
    const ExpectationResult& one = result.expectations[i];
    const bool bad = one.outcome == Outcome::failed || one.outcome == Outcome::error;
    std::string seen = one.message;
    for (const Figure& figure : one.figures) {
      seen += fmt::format("{}{} {}", seen.empty() ? "" : "; ", figure.name,
                          format_value(figure.value, figure.unit));
    }
    html.add(
        "<tr{}{}><td><span class=\"badge {}\">{}</span></td><th "
        "scope=\"row\">{}</th><td>{}</td><td>{}</td>",
        bad ? " class=\"hit\"" : "", bad ? std::string() : fmt::format(" id=\"x{}\"", i + 1),
        outcome_word(one.outcome), outcome_word(one.outcome), Esc{one.name},
        Esc{one.asked.empty() ? one.kind : one.asked}, Esc{seen});
    html.add("<td class=\"n\">{}</td><td><a href=\"#L{}\">{}</a></td></tr>\n",
             format_seconds(one.took), one.place.line, one.place.line);
  }
  html.raw("</tbody></table></div></section>\n");
}

}  // namespace warren::lab
