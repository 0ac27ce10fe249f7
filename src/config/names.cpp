// The nearest known name, for the hint below an unknown one.
#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include <warren/config/values.hpp>

namespace warren::config {
namespace {

/// Levenshtein distance, in bytes: the known names are ASCII.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t above = row[j + 1];
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      row[j + 1] = std::min({above + 1, row[j] + 1, replaced});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

std::string_view nearest_name(std::string_view name, std::span<const std::string_view> known) {
  constexpr std::size_t kLongestName = 64;
  if (name.size() > kLongestName) return {};
  // wg-quick's spelling is near: AllowedIPs against allowed_ips.
  const auto plain = [](std::string_view text) {
    std::string result;
    for (const char c : text) {
      if (c == '_' || c == '-' || c == ' ') continue;
      result += (c >= 'A' && c <= 'Z') ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return result;
  };
  const std::string wanted = plain(name);
  std::string_view best;
  std::size_t best_distance = 0;
  for (const std::string_view each : known) {
    const std::size_t distance = edit_distance(wanted, plain(each));
    // A third of the letters may be wrong; beyond that the guess confuses.
    if (distance > std::max<std::size_t>(1, each.size() / 3)) continue;
    if (best.empty() || distance < best_distance) {
      best = each;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace warren::config
