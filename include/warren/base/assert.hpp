// Assertions stay on in release builds. They mark bugs of ours, never bad input: a hostile packet is
// a Drop, a bad configuration an Error.
#pragma once

#include <fmt/core.h>

#include <string>

namespace warren::base {

/// Prints `expression`, its place and `values` to standard error and aborts. Any thread.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line,
                                   const std::string& values) noexcept;

}  // namespace warren::base

/// WARREN_ASSERT(a <= b, "a={} b={}", a, b): the values go into the message.
#define WARREN_ASSERT(expression, ...)                                            \
  do {                                                                            \
    if (!(expression)) [[unlikely]] {                                             \
      ::warren::base::assertion_failed(#expression, __FILE__, __LINE__,           \
                                       ::fmt::format(__VA_ARGS__));               \
    }                                                                             \
  } while (false)
