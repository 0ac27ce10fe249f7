// Reads the blocks of a pcapng file that tests have to look into, in this machine's byte order.
// Strict: what the format's draft forbids is refused, so that a writer is checked by it.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <warren/base/bytes.hpp>

namespace warren::test {

struct PcapngBlock {
  std::uint32_t type = 0;
  std::vector<std::byte> fixed;  ///< the fields in front of the options (with a packet's bytes)
  std::map<std::uint16_t, std::string> options;

  template <class T>
  [[nodiscard]] T field(std::size_t offset) const {
    T value{};
    if (offset + sizeof value <= fixed.size())
      std::memcpy(&value, fixed.data() + offset, sizeof value);
    return value;
  }
  template <class T>
  [[nodiscard]] std::optional<T> option(std::uint16_t code) const {
    const auto at = options.find(code);
    if (at == options.end() || at->second.size() != sizeof(T)) return std::nullopt;
    T value{};
    std::memcpy(&value, at->second.data(), sizeof value);
    return value;
  }
  [[nodiscard]] std::string text(std::uint16_t code) const {
    const auto at = options.find(code);
    return at == options.end() ? "" : at->second;
  }
  // Of an Enhanced Packet Block.
  [[nodiscard]] std::uint64_t stamp() const {
    return std::uint64_t{field<std::uint32_t>(4)} << 32U | field<std::uint32_t>(8);
  }
  [[nodiscard]] base::ConstBytes packet() const {
    return base::ConstBytes(fixed).subspan(20, field<std::uint32_t>(12));
  }
};

inline constexpr std::uint32_t kPcapngSection = 0x0A0D0D0A;
inline constexpr std::uint32_t kPcapngInterface = 1;
inline constexpr std::uint32_t kPcapngStatistics = 5;
inline constexpr std::uint32_t kPcapngPacket = 6;

namespace detail {

inline std::size_t padded(std::size_t bytes) {
  return (bytes + 3) / 4 * 4;
}

// Bytes of the fields in front of the options; empty for a type that is not known or for a packet
// that is longer than its block.
inline std::optional<std::size_t> fixed_bytes(std::uint32_t type, base::ConstBytes body) {
  switch (type) {
    case kPcapngSection:
      return 16;
    case kPcapngInterface:
      return 8;
    case kPcapngStatistics:
      return 12;
    case kPcapngPacket: {
      if (body.size() < 20) return std::nullopt;
      std::uint32_t captured = 0;
      std::memcpy(&captured, body.data() + 12, sizeof captured);
      return 20 + padded(captured);
    }
    default:
      return std::nullopt;
  }
}

inline bool read_options(base::ConstBytes bytes, std::map<std::uint16_t, std::string>& into) {
  while (!bytes.empty()) {
    if (bytes.size() < 4) return false;
    std::uint16_t code = 0;
    std::uint16_t length = 0;
    std::memcpy(&code, bytes.data(), sizeof code);
    std::memcpy(&length, bytes.data() + 2, sizeof length);
    bytes = bytes.subspan(4);
    if (code == 0) return length == 0 && bytes.empty();
    if (bytes.size() < padded(length)) return false;
    into[code] = std::string(reinterpret_cast<const char*>(bytes.data()), length);
    for (std::size_t i = length; i < padded(length); ++i) {
      if (bytes[i] != std::byte{0}) return false;
    }
    bytes = bytes.subspan(padded(length));
  }
  return true;  // a block may also have no options at all
}

}  // namespace detail

/// Empty when it is no pcapng file from its beginning to its end.
inline std::optional<std::vector<PcapngBlock>> read_pcapng(base::ConstBytes bytes) {
  std::vector<PcapngBlock> blocks;
  std::uint32_t interfaces = 0;
  while (!bytes.empty()) {
    if (bytes.size() < 12) return std::nullopt;
    PcapngBlock block;
    std::uint32_t length = 0;
    std::memcpy(&block.type, bytes.data(), sizeof block.type);
    std::memcpy(&length, bytes.data() + 4, sizeof length);
    if (length % 4 != 0 || length < 12 || length > bytes.size()) return std::nullopt;
    std::uint32_t again = 0;
    std::memcpy(&again, bytes.data() + length - 4, sizeof again);
    if (again != length) return std::nullopt;
    const base::ConstBytes body = bytes.subspan(8, length - 12);
    const auto fixed = detail::fixed_bytes(block.type, body);
    if (!fixed || *fixed > body.size()) return std::nullopt;
    block.fixed.assign(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(*fixed));
    if (!detail::read_options(body.subspan(*fixed), block.options)) return std::nullopt;

    const bool first = blocks.empty();
    if (first != (block.type == kPcapngSection)) return std::nullopt;
    if (first && block.field<std::uint32_t>(0) != 0x1A2B3C4D) return std::nullopt;
    if (block.type == kPcapngInterface) ++interfaces;
    const bool names_interface = block.type == kPcapngPacket || block.type == kPcapngStatistics;
    if (names_interface && block.field<std::uint32_t>(0) >= interfaces) return std::nullopt;
    if (block.type == kPcapngPacket &&
        block.field<std::uint32_t>(12) > block.field<std::uint32_t>(16)) {
      return std::nullopt;  // captured more than there was
    }
    blocks.push_back(std::move(block));
    bytes = bytes.subspan(length);
  }
  return blocks;
}

}  // namespace warren::test
