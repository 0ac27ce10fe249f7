// SipHash-1-3 (Aumasson and Bernstein, 2012) of one or two 64-bit words: for tables whose keys a
// remote chooses, so that without the seed it cannot choose collisions.
#pragma once

#include <bit>
#include <cstdint>

namespace warren::protocol {

class KeyedHash {
 public:
  /// `seed` is secret and random; it is spread to the 128 bits of key that SipHash takes.
  explicit KeyedHash(std::uint64_t seed) noexcept
      : key0_(spread(seed + kGolden)), key1_(spread(seed + 2 * kGolden)) {}

  [[nodiscard]] std::uint64_t operator()(std::uint64_t a, std::uint64_t b = 0) const noexcept {
    State s{key0_ ^ 0x736f6d6570736575U, key1_ ^ 0x646f72616e646f6dU, key0_ ^ 0x6c7967656e657261U,
            key1_ ^ 0x7465646279746573U};
    for (const std::uint64_t word : {a, b, std::uint64_t{16} << 56}) {
      s.v3 ^= word;
      s.round();
      s.v0 ^= word;
    }
    s.v2 ^= 0xff;
    s.round();
    s.round();
    s.round();
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
  }

 private:
  static constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15U;

  struct State {
    std::uint64_t v0, v1, v2, v3;
    void round() noexcept {
      v0 += v1;
      v1 = std::rotl(v1, 13) ^ v0;
      v0 = std::rotl(v0, 32);
      v2 += v3;
      v3 = std::rotl(v3, 16) ^ v2;
      v0 += v3;
      v3 = std::rotl(v3, 21) ^ v0;
      v2 += v1;
      v1 = std::rotl(v1, 17) ^ v2;
      v2 = std::rotl(v2, 32);
    }
  };

  /// SplitMix64's output function.
  static std::uint64_t spread(std::uint64_t x) noexcept {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
  }

  std::uint64_t key0_;
  std::uint64_t key1_;
};

}  // namespace warren::protocol
