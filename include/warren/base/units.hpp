// Sizes, durations and numbers of things as people write and read them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <warren/base/time.hpp>

namespace warren::base {

/// "1.21 MiB", as `wg show` prints sizes.
std::string format_size(std::uint64_t bytes);

/// "1 minute, 12 seconds", as `wg show` prints ages; whole seconds. "now" below one second.
std::string format_age(Duration age);

/// "0.42 ms", "12.3 s": for measurements.
std::string format_interval(Duration interval);

/// For measurements, too.
constexpr double in_seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

/// "1 peer", "3 peers", "0 peers": for nouns with a regular plural.
std::string counted(std::size_t count, std::string_view noun);

}  // namespace warren::base
