#include "sim/inner_packet.hpp"

#include <algorithm>

#include "sim/random.hpp"

namespace warren::sim {
namespace {

constexpr std::byte kExperimental{253};

void write_ipv4_checksum(std::byte* header) {
  base::store_be(header + 10, std::uint16_t{0});
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < 20; i += 2) sum += base::load_be<std::uint16_t>(header + i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  base::store_be(header + 10, static_cast<std::uint16_t>(~sum & 0xffff));
}

}  // namespace

std::vector<std::byte> build(const InnerPacket& packet) {
  const bool v4 = packet.source.is_v4();
  const std::size_t ethernet = packet.source_mac ? kEthernetBytes : 0;
  const std::size_t header = v4 ? 20 : 40;
  std::vector<std::byte> bytes(ethernet + header + packet.payload_bytes);

  if (ethernet > 0) {
    std::ranges::copy(packet.destination_mac->bytes, bytes.begin());
    std::ranges::copy(packet.source_mac->bytes, bytes.begin() + 6);
    base::store_be(&bytes[12], static_cast<std::uint16_t>(v4 ? 0x0800 : 0x86dd));
  }
  std::byte* ip = bytes.data() + ethernet;
  if (v4) {
    ip[0] = std::byte{0x45};
    ip[1] = std::byte{packet.ecn};
    base::store_be(ip + 2, static_cast<std::uint16_t>(header + packet.payload_bytes));
    ip[8] = std::byte{64};
    ip[9] = kExperimental;
    std::ranges::copy(packet.source.bytes(), ip + 12);
    std::ranges::copy(packet.destination.bytes(), ip + 16);
    write_ipv4_checksum(ip);
  } else {
    base::store_be(ip, std::uint32_t{6} << 28 | std::uint32_t{packet.ecn} << 20);
    base::store_be(ip + 4, static_cast<std::uint16_t>(packet.payload_bytes));
    ip[6] = kExperimental;
    ip[7] = std::byte{64};
    std::ranges::copy(packet.source.bytes(), ip + 8);
    std::ranges::copy(packet.destination.bytes(), ip + 24);
  }
  base::store_be(ip + header, packet.id);
  Random pattern(packet.id);
  pattern.fill(base::Bytes(bytes).subspan(ethernet + header + kIdBytes));
  return bytes;
}

std::optional<PacketId> claimed_id(base::ConstBytes bytes, bool ethernet) {
  if (ethernet) {
    if (bytes.size() < kEthernetBytes) return std::nullopt;
    bytes = bytes.subspan(kEthernetBytes);
  }
  if (bytes.empty()) return std::nullopt;
  const std::size_t header = (bytes[0] >> 4) == std::byte{4} ? 20 : 40;
  if (bytes.size() < header + kIdBytes) return std::nullopt;
  return base::load_be<std::uint64_t>(bytes.data() + header);
}

bool matches(const InnerPacket& packet, base::ConstBytes bytes) {
  const auto same = [&](const InnerPacket& expected) {
    return std::ranges::equal(build(expected), bytes);
  };
  if (same(packet)) return true;
  // RFC 6040: a mark on the outer header reaches the inner one, if that is ECN-capable.
  InnerPacket marked = packet;
  marked.ecn = 3;
  return packet.ecn != 0 && same(marked);
}

}  // namespace warren::sim
