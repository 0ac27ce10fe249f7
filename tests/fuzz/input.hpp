// Reads a fuzzer's bytes as numbers and pieces; zeros when they run out.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace warren::fuzz {

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size)
      : bytes_(std::as_bytes(std::span(data, size))) {}
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  std::uint64_t number(std::size_t bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes && !bytes_.empty(); ++i) {
      value = value << 8 | std::to_integer<std::uint64_t>(bytes_.front());
      bytes_ = bytes_.subspan(1);
    }
    return value;
  }
  /// At most `most` bytes.
  std::vector<std::byte> piece(std::size_t most) {
    const auto taken = bytes_.first(std::min(most, bytes_.size()));
    bytes_ = bytes_.subspan(taken.size());
    return {taken.begin(), taken.end()};
  }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace warren::fuzz
