#include "sodium.hpp"

#include <sodium.h>

#include <warren/base/assert.hpp>

namespace warren::crypto {

void ensure_sodium() noexcept {
  // 1 says that it had been started before; only a machine without any randomness yields -1.
  static const int status = sodium_init();
  WARREN_ASSERT(status >= 0, "sodium_init() = {}", status);
}

}  // namespace warren::crypto
