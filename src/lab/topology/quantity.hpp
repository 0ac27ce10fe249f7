// A number with its unit, as both plain values and bounds write it.
#pragma once

#include <cstdint>
#include <string_view>

#include <warren/config/values.hpp>

namespace warren::lab {

enum class Measure : std::uint8_t { duration, rate, size, share, count };

/// In the base unit: seconds, bits per second, bytes, a share of 1 (not yet bounded), a number.
/// Never negative. A unit is needed, except for sizes, counts, and 0.
config::Parsed<double> parse_measure(std::string_view text, Measure measure);

}  // namespace warren::lab
