// What the links saw while an expectation ran: how far frames got, where they were dropped.
#pragma once

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
  [[nodiscard]] bool one_way() const noexcept {
    return (directions[0].arrived == 0) != (directions[1].arrived == 0);
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
