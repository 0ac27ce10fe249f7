#include "dice.hpp"

namespace warren::impair {
namespace {

// Any number will do: nothing here is a secret.
constexpr std::uint64_t kHashKey = 0x9e3779b97f4a7c15;

}  // namespace

std::uint64_t absorb(std::uint64_t hash, std::uint64_t word) noexcept {
  const Roll mixed = philox2x64({word, hash}, kHashKey);
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
