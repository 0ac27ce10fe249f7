#include "distribution.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "dice.hpp"

namespace warren::impair {
namespace {

/// A polynomial, the constant first.
template <std::size_t N>
double polynomial(const std::array<double, N>& coefficients, double x) noexcept {
  double value = 0;
  for (std::size_t i = N; i-- > 0;) value = value * x + coefficients[i];
  return value;
}

// AS 241: the coefficients for |p - 1/2| <= 0.425, for the tails up to r = 5, and beyond.
constexpr std::array<double, 8> kA{
    3.3871328727963666080, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125,
    45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727};
constexpr std::array<double, 8> kB{1.0,
                                   42.313330701600911252,
                                   687.18700749205790830,
                                   5394.1960214247511077,
                                   21213.794301586595867,
                                   39307.895800092710610,
                                   28729.085735721942674,
                                   5226.4952788528545610};
constexpr std::array<double, 8> kC{1.42343711074968357734,   4.63033784615654529590,
                                   5.76949722146069140550,   3.64784832476320460504,
                                   1.27045825245236838258,   0.241780725177450611770,
                                   0.0227238449892691845833, 7.74545014278341407640e-4};
constexpr std::array<double, 8> kD{1.0,
                                   2.05319162663775882187,
                                   1.67638483018380384940,
                                   0.689767334985100004550,
                                   0.148103976427480074590,
                                   0.0151986665636164571966,
                                   5.47593808499534494600e-4,
                                   1.05075007164441684324e-9};
constexpr std::array<double, 8> kE{6.65790464350110377720,    5.46378491116411436990,
                                   1.78482653991729133580,    0.296560571828504891230,
                                   0.0265321895265761230930,  0.00124266094738807843860,
                                   2.71155556874348757815e-5, 2.01033439929228813265e-7};
constexpr std::array<double, 8> kF{1.0,
                                   0.599832206555887937690,
                                   0.136929880922735805310,
                                   0.0148753612908506148525,
                                   7.86869131145613259100e-4,
                                   1.84631831751005468180e-5,
                                   1.42151175831644588870e-7,
                                   2.04426310338993978564e-15};

// netem's tables hold 16-bit integers in units of 1/8192 of the amount.
constexpr double kLargestOfTable = 32767.0 / 8192.0;

}  // namespace

double normal_quantile(double p) noexcept {
  const double q = p - 0.5;
  if (std::abs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * polynomial(kA, r) / polynomial(kB, r);
  }
  double r = std::sqrt(-std::log(q < 0 ? p : 1 - p));
  double value = 0;
  if (r <= 5) {
    r -= 1.6;
    value = polynomial(kC, r) / polynomial(kD, r);
  } else {
    r -= 5;
    value = polynomial(kE, r) / polynomial(kF, r);
  }
  return q < 0 ? -value : value;
}

double pareto_quantile(double p) noexcept {
  return std::min(kLargestOfTable, 4.0 / 3.0 * (1 / std::cbrt(p) - 1.5));
}

double sample(Distribution distribution, std::uint64_t bits) noexcept {
  const double p = open_unit(bits);
  switch (distribution) {
    case Distribution::normal:
      return normal_quantile(p);
    case Distribution::pareto:
      return pareto_quantile(p);
    case Distribution::uniform:
      break;
  }
  return 2 * p - 1;
}

}  // namespace warren::impair
