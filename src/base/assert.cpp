#include <warren/base/assert.hpp>

#include <cstdio>
#include <cstdlib>

namespace warren::base {

void assertion_failed(const char* expression, const char* file, int line,
                      const std::string& values) noexcept {
  static_cast<void>(std::fprintf(stderr, "warren: bug: %s:%d: assertion `%s` failed: %s\n", file,
                                 line, expression, values.c_str()));
  std::abort();
}

}  // namespace warren::base
