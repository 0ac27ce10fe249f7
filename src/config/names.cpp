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

/// Edit distance in bytes: Levenshtein's, and with swaps as one edit the optimal string alignment
/// distance (Damerau 1964). The known names are ASCII.
std::size_t edit_distance(std::string_view a, std::string_view b, Swap swap) {
  std::vector<std::size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    before.swap(above);
    above.swap(row);
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = above[j] + (a[i] == b[j] ? 0 : 1);
      row[j + 1] = std::min({above[j + 1] + 1, row[j] + 1, replaced});
      if (swap == Swap::one_edit && i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j]) {
        row[j + 1] = std::min(row[j + 1], before[j - 1] + 1);
      }
    }
  }
  return row[b.size()];
}

}  // namespace

std::string_view nearest_name(std::string_view name, std::span<const std::string_view> known,
                              Swap swap) {
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
    const std::size_t distance = edit_distance(wanted, plain(each), swap);
    // A third of the letters may be wrong; beyond that the guess confuses.
    if (distance > std::max<std::size_t>(1, each.size() / 3)) continue;
    // Nothing in common is nothing near: "a" for "b".
    if (distance >= std::max(wanted.size(), each.size())) continue;
    if (best.empty() || distance < best_distance) {
      best = each;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace warren::config
