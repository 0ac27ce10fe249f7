#include <sodium.h>

#include <warren/crypto/random.hpp>

#include "sodium.hpp"

namespace warren::crypto {

RandomSource system_random() {
  ensure_sodium();
  return {[](void*, base::Bytes out) { randombytes_buf(out.data(), out.size()); }, nullptr};
}

}  // namespace warren::crypto
