#include <cstring>

#include <warren/packet/virtio.hpp>

namespace warren::packet {
namespace {

// Offsets in struct virtio_net_hdr. TUNSETVNETLE and TUNSETVNETBE are not used, so the 16-bit
// fields are in the machine's own order.
constexpr std::size_t kFlags = 0;
constexpr std::size_t kGsoType = 1;
constexpr std::size_t kHeaderLength = 2;
constexpr std::size_t kGsoSize = 4;
constexpr std::size_t kChecksumStart = 6;
constexpr std::size_t kChecksumOffset = 8;

std::uint16_t load_native(const std::byte* from) noexcept {
  std::uint16_t value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

void store_native(std::byte* to, std::uint16_t value) noexcept {
  std::memcpy(to, &value, sizeof value);
}

}  // namespace

std::optional<VirtioHeader> VirtioHeader::parse(base::ConstBytes bytes) noexcept {
  if (bytes.size() < kVirtioHeaderBytes) return std::nullopt;
  const std::byte* from = bytes.data();
  VirtioHeader header;
  header.flags = std::to_integer<std::uint8_t>(from[kFlags]);
  header.gso_type = std::to_integer<std::uint8_t>(from[kGsoType]);
  header.header_length = load_native(from + kHeaderLength);
  header.gso_size = load_native(from + kGsoSize);
  header.checksum_start = load_native(from + kChecksumStart);
  header.checksum_offset = load_native(from + kChecksumOffset);
  return header;
}

void VirtioHeader::write(std::byte* to) const noexcept {
  to[kFlags] = std::byte{flags};
  to[kGsoType] = std::byte{gso_type};
  store_native(to + kHeaderLength, header_length);
  store_native(to + kGsoSize, gso_size);
  store_native(to + kChecksumStart, checksum_start);
  store_native(to + kChecksumOffset, checksum_offset);
}

}  // namespace warren::packet
