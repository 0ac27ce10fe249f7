#include "window.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace warren::lab {
namespace {

LinkWindow window_of_link(const LinkReport& link, base::Duration from, base::Duration to) {
  LinkWindow window{&link, {}};
  const LinkSeries& series = link.series;
  if (series.slice <= base::Duration{}) return window;
  for (std::size_t d = 0; d < 2; ++d) {
    const auto& slices = series.directions.at(d);
    auto& sums = window.directions.at(d);
    for (std::size_t i = 0; i < slices.size(); ++i) {
      const base::Duration begin = series.began + static_cast<std::int64_t>(i) * series.slice;
      if (begin > to || begin + series.slice <= from) continue;
      sums.sent += slices[i].sent;
      sums.arrived += slices[i].arrived();
      for (std::size_t v = 0; v < sums.verdicts.size(); ++v) {
        sums.verdicts.at(v) += slices[i].verdicts.at(v);
      }
    }
  }
  return window;
}

}  // namespace

std::uint64_t LinkWindow::Direction::dropped() const noexcept {
  std::uint64_t sum = 0;
  for (std::size_t v = 1; v < verdicts.size(); ++v) sum += verdicts.at(v);
  return sum;
}

std::vector<LinkWindow> window_of(const LabResult& result, base::Duration from, base::Duration to) {
  std::vector<LinkWindow> windows;
  for (const LinkReport& link : result.links) {
    LinkWindow window = window_of_link(link, from, to);
    const auto seen = [](const LinkWindow::Direction& d) { return d.sent != 0 || d.arrived != 0; };
    if (std::ranges::any_of(window.directions, seen)) windows.push_back(window);
  }
  return windows;
}

std::string_view verdict_phrase(std::size_t verdict) noexcept {
  constexpr std::array<std::string_view, impair::kVerdicts> kPhrases{
      "passed",
      "lost by the loss model",
      "dropped by `drop`",
      "larger than the MTU",
      "dropped, link down",
      "dropped, queue full",
      "dropped by CoDel",
      "dropped by Warren's own limits"};
  return kPhrases.at(verdict);
}

std::string drops_in_words(const LinkWindow::Direction& direction) {
  std::string words;
  for (std::size_t v = 1; v < direction.verdicts.size(); ++v) {
    const std::uint64_t count = direction.verdicts.at(v);
    if (count == 0) continue;
    words += fmt::format("{}{} {}", words.empty() ? "" : ", ", count, verdict_phrase(v));
  }
  return words;
}

}  // namespace warren::lab
