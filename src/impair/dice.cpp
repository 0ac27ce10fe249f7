#include "dice.hpp"

namespace warren::impair {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::uint64_t kMultiplier = 0xd2b74407b1ce6e93;
constexpr std::uint64_t kWeyl = 0x9e3779b97f4a7c15;
constexpr int kRounds = 10;

}  // namespace

Roll philox2x64(Roll counter, std::uint64_t key) noexcept {
  for (int round = 0; round < kRounds; ++round) {
    const Wide product = static_cast<Wide>(kMultiplier) * counter.first;
    counter = {static_cast<std::uint64_t>(product >> 64U) ^ key ^ counter.second,
               static_cast<std::uint64_t>(product)};
    key += kWeyl;
  }
  return counter;
}

std::uint64_t absorb(std::uint64_t hash, std::uint64_t word) noexcept {
  const Roll mixed = philox2x64({word, hash}, kWeyl);
  return mixed.first ^ mixed.second;
}

Dice::Dice(const StreamKey& key) noexcept : key_(absorb(key.seed, key.direction)) {
  key_ = absorb(key_, key.link.size());
  for (std::size_t at = 0; at < key.link.size(); at += sizeof(std::uint64_t)) {
    const auto piece = key.link.substr(at, sizeof(std::uint64_t));
    std::uint64_t word = 0;
    for (const char c : piece) word = word << 8U | static_cast<unsigned char>(c);
    key_ = absorb(key_, word);
  }
}

}  // namespace warren::impair
