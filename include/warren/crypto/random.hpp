// Randomness as an argument, so that a simulator can seed it.
#pragma once

#include <warren/base/bytes.hpp>

namespace warren::crypto {

/// A source of random bytes. Copyable; borrows `context`.
class RandomSource {
 public:
  using Fill = void (*)(void* context, base::Bytes out);
  RandomSource(Fill fill_bytes, void* context) noexcept : fill_(fill_bytes), context_(context) {}
  void fill(base::Bytes out) const { fill_(context_, out); }

 private:
  Fill fill_;
  void* context_;
};

/// The kernel's generator through libsodium; any thread.
RandomSource system_random();

}  // namespace warren::crypto
