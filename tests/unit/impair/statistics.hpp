// Bounds that a right implementation breaks once in a thousand seeds; the tests' seeds are fixed.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace warren::test {

/// Two-sided 99.9% of the normal distribution.
inline constexpr double kNormal999 = 3.2905;

/// Whether a sum with that expectation and variance lies in its 99.9% interval.
inline bool inside_999(double sum, double expectation, double variance) {
  return std::abs(sum - expectation) <= kNormal999 * std::sqrt(variance);
}
/// Of `trials` with probability `p`, independent of each other.
inline bool inside_999_binomial(std::uint64_t successes, std::uint64_t trials, double p) {
  const double n = static_cast<double>(trials);
  return inside_999(static_cast<double>(successes), n * p, n * p * (1 - p));
}

/// Kolmogorov and Smirnov: the largest distance between the samples' distribution and `cdf`, times
/// the square root of their number. Below kKolmogorov999 in 999 of 1000 cases.
inline constexpr double kKolmogorov999 = 1.9495;
template <class Cdf>
double kolmogorov_distance(std::vector<double> samples, Cdf cdf) {
  std::ranges::sort(samples);
  const double n = static_cast<double>(samples.size());
  double distance = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double expected = cdf(samples[i]);
    distance = std::max({distance, expected - static_cast<double>(i) / n,
                         static_cast<double>(i + 1) / n - expected});
  }
  return distance * std::sqrt(n);
}

/// Pearson's chi-square of counts against expected counts.
inline double chi_square(const std::vector<double>& counts, const std::vector<double>& expected) {
  double sum = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    sum += (counts[i] - expected[i]) * (counts[i] - expected[i]) / expected[i];
  }
  return sum;
}
/// The 99.9% point with `freedom` degrees: Wilson and Hilferty 1931.
inline double chi_square_999(std::size_t freedom) {
  const double k = static_cast<double>(freedom);
  const double root = 1 - 2 / (9 * k) + 3.0902 * std::sqrt(2 / (9 * k));
  return k * root * root * root;
}

inline double normal_cdf(double x) {
  return std::erfc(-x / std::sqrt(2.0)) / 2;
}

}  // namespace warren::test
