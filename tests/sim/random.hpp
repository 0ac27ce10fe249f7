// The simulator's randomness: SplitMix64, so that a seed means the same on every machine and
// library.
#pragma once

#include <cstdint>

#include <warren/base/bytes.hpp>
#include <warren/base/time.hpp>
#include <warren/crypto/random.hpp>

namespace warren::sim {

class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept : state_(seed) {}

  std::uint64_t next() noexcept {
    std::uint64_t x = state_ += 0x9e3779b97f4a7c15U;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
  }
  /// 0 ... bound - 1.
  std::uint64_t below(std::uint64_t bound) noexcept { return next() % bound; }
  bool chance(double probability) noexcept {
    return static_cast<double>(next() >> 11) * 0x1p-53 < probability;
  }
  base::Duration between(base::Duration low, base::Duration high) noexcept {
    if (high <= low) return low;
    return low + base::Duration(static_cast<std::int64_t>(
                     below(static_cast<std::uint64_t>((high - low).count()))));
  }
  void fill(base::Bytes out) noexcept {
    for (auto& byte : out) byte = static_cast<std::byte>(next());
  }
  /// Borrows this object.
  crypto::RandomSource source() noexcept {
    return {[](void* self, base::Bytes out) { static_cast<Random*>(self)->fill(out); }, this};
  }

 private:
  std::uint64_t state_;
};

}  // namespace warren::sim
