// Randomness as a function: the same (seed, link, direction, flow, number, purpose) gives the same
// bits in every run, in any order, whatever else was asked. Philox2x64-10 of Salmon, Moraes, Dror
// and Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3" (SC11), a counter-based generator.
#pragma once

#include <cstdint>

#include <warren/impair/pipeline.hpp>

namespace warren::impair {

/// 128 random bits.
struct Roll {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
  friend bool operator==(const Roll&, const Roll&) = default;
};

/// The bijection of (first, second) that `key` chooses.
constexpr Roll philox2x64(Roll counter, std::uint64_t key) noexcept {
  __extension__ using Wide = unsigned __int128;
  constexpr std::uint64_t kMultiplier = 0xd2b74407b1ce6e93;
  constexpr std::uint64_t kWeyl = 0x9e3779b97f4a7c15;
  constexpr int kRounds = 10;
  for (int round = 0; round < kRounds; ++round) {
    const Wide product = static_cast<Wide>(kMultiplier) * counter.first;
    counter = {static_cast<std::uint64_t>(product >> 64U) ^ key ^ counter.second,
               static_cast<std::uint64_t>(product)};
    key += kWeyl;
  }
  return counter;
}

/// [0, 1), in steps of 2^-53.
constexpr double unit(std::uint64_t bits) noexcept {
  return static_cast<double>(bits >> 11U) * 0x1p-53;
}
/// (0, 1), symmetric about 1/2.
constexpr double open_unit(std::uint64_t bits) noexcept {
  return (static_cast<double>(bits >> 12U) + 0.5) * 0x1p-52;
}

/// What a roll decides: a number of each, so that no decision leans on another.
enum class Purpose : std::uint8_t {
  loss,         ///< first: this frame; second: where the chain goes
  chain_start,  ///< the state in which a flow's chain begins
  corruption,   ///< first: whether; second: which bit
  copy,         ///< first: duplicated; second: reordered
  jitter,
  copy_jitter,
};

class Dice {
 public:
  explicit Dice(const StreamKey& key) noexcept;
  [[nodiscard]] Roll roll(std::uint64_t flow, std::uint64_t number,
                          Purpose purpose) const noexcept {
    // 2^56 frames of one flow are out of reach.
    return philox2x64({flow, number << 8U | static_cast<std::uint64_t>(purpose)}, key_);
  }

 private:
  std::uint64_t key_;
};

/// Folds 64 bits into a hash that is spread over all of its bits.
std::uint64_t absorb(std::uint64_t hash, std::uint64_t word) noexcept;

}  // namespace warren::impair
