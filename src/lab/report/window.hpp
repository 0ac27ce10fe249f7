// What the links saw while an expectation ran: how far frames got, where they were dropped.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include <warren/lab/result.hpp>

namespace warren::lab {

struct LinkWindow {
  const LinkReport* link = nullptr;
  struct Direction {
    std::uint64_t sent = 0, arrived = 0;
    std::array<std::uint64_t, impair::kVerdicts> verdicts{};
    [[nodiscard]] std::uint64_t dropped() const noexcept;
  };
  std::array<Direction, 2> directions;
  /// Many frames there, next to none back: ARP and the like alone.
  [[nodiscard]] bool one_way() const noexcept {
    const auto [fewer, more] = std::minmax(directions[0].arrived, directions[1].arrived);
    return more >= 5 && fewer <= 2;
  }
};

/// The links that had frames between two moments, in the file's order. The edges are rounded out to
/// whole slices.
std::vector<LinkWindow> window_of(const LabResult& result, base::Duration from, base::Duration to);

/// "12 of 40 lost, 3 larger than the MTU": empty when nothing was dropped.
std::string drops_in_words(const LinkWindow::Direction& direction);

/// "lost", "named by drop", "larger than the MTU", …
std::string_view verdict_phrase(std::size_t verdict) noexcept;

}  // namespace warren::lab
