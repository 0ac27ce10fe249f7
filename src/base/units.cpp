#include <fmt/format.h>

#include <array>
#include <chrono>
#include <vector>

#include <warren/base/units.hpp>

namespace warren::base {

std::string format_size(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  static constexpr std::array kUnits{"KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.2f} {}", value, kUnits[unit]);
}

std::string format_age(Duration age) {
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(age).count();
  if (seconds <= 0) return "now";
  struct Unit {
    long long seconds;
    const char* name;
  };
  static constexpr std::array<Unit, 5> kUnits{
      {{365LL * 86400, "year"}, {86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}}};
  std::vector<std::string> parts;
  for (const Unit& unit : kUnits) {
    const auto count = seconds / unit.seconds;
    if (count == 0) continue;
    seconds %= unit.seconds;
    parts.push_back(fmt::format("{} {}{}", count, unit.name, count == 1 ? "" : "s"));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string format_interval(Duration interval) {
  const double ns = static_cast<double>(interval.count());
  if (ns < 1e3) return fmt::format("{:.0f} ns", ns);
  if (ns < 1e6) return fmt::format("{:.1f} µs", ns / 1e3);
  if (ns < 1e9) return fmt::format("{:.2f} ms", ns / 1e6);
  return fmt::format("{:.1f} s", ns / 1e9);
}

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace warren::base
