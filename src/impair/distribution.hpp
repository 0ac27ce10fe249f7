// The shapes of jitter, as multiples of its amount.
#pragma once

#include <cstdint>

#include <warren/impair/settings.hpp>

namespace warren::impair {

/// The inverse of the normal distribution function: Wichura, "Algorithm AS 241: The Percentage
/// Points of the Normal Distribution", Applied Statistics 37 (1988), PPND16. `p` is in (0, 1).
double normal_quantile(double p) noexcept;

/// The Pareto distribution of tc-netem(8), whose table iproute2's netem/pareto.c makes: shape 3,
/// moved to the mean 0, times 4/3, cut off at the largest value of the table. `p` is in (0, 1); the
/// tail is at p = 0.
double pareto_quantile(double p) noexcept;

/// uniform: in (-1, 1). `bits` are uniform.
double sample(Distribution distribution, std::uint64_t bits) noexcept;

}  // namespace warren::impair
