// Results in words, the same in every report.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <warren/lab/result.hpp>

namespace warren::lab {

/// "passed", "failed", "skipped", "error".
std::string_view outcome_word(Outcome outcome) noexcept;

/// "71.2 ms", "12.3 Mbit/s", "1.02%", "200 packets": in the unit that reads best.
std::string format_value(double value, std::string_view unit);
/// "p50 92.1 ms, asked 70ms±4ms".
std::string format_figure(const Figure& figure);
/// "12.3 s", "420 ms", "0.8 ms".
std::string format_seconds(base::Duration duration);
/// 2026-11-22T09:40:00Z
std::string format_utc(base::WallTime when);

/// What reports count: the expectations, and the lab itself when it failed, was skipped or broke
/// apart from them.
struct Case {
  std::string name;
  std::string kind;
  Outcome outcome = Outcome::passed;
  std::string message;  ///< one line; empty when it passed
  std::string body;     ///< asked, seen, figures, detail: lines, for people
  Place place;
  base::Duration took{};
};
std::vector<Case> cases_of(const LabResult& result);

struct Totals {
  std::size_t labs = 0, passed = 0, failed = 0, skipped = 0, errors = 0;
  std::size_t expectations = 0;
  base::Duration took{};
};
Totals totals_of(std::span<const LabResult> results);
base::Duration duration_of(const LabResult& result);

/// The lab's name, with the number of its run where it is repeated: "two-hosts (run 3)".
std::string title_of(const LabResult& result);
/// `file` below `root` becomes relative to it; else it comes back as it is.
std::string relative_to(const std::filesystem::path& file, const std::filesystem::path& root);

}  // namespace warren::lab
