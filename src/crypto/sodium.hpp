// What every use of libsodium in this module needs: its one-time start, and bytes in its own type.
#pragma once

#include <cstddef>

namespace warren::crypto {

/// Starts libsodium on the first call, which also picks its fastest implementations for this CPU.
/// Any thread; cheap afterwards.
void ensure_sodium() noexcept;

/// libsodium takes unsigned char, which may alias any object.
inline unsigned char* raw(std::byte* bytes) noexcept {
  return reinterpret_cast<unsigned char*>(bytes);
}
inline const unsigned char* raw(const std::byte* bytes) noexcept {
  return reinterpret_cast<const unsigned char*>(bytes);
}

}  // namespace warren::crypto
