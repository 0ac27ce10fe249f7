// Builds inner packets for tests.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include <warren/base/bytes.hpp>
#include <warren/base/ip.hpp>

namespace warren::test {

inline base::IpAddress ip(std::string_view text) {
  return base::IpAddress::parse(text).value();
}
inline base::IpNetwork network(std::string_view text) {
  return base::IpNetwork::parse(text).value();
}
inline base::Endpoint endpoint(std::string_view text) {
  return base::Endpoint::parse(text).value();
}

/// An IPv4 or IPv6 packet of `bytes` in all (at least its header), its payload a pattern of `seed`.
inline std::vector<std::byte> ip_packet(const base::IpAddress& source,
                                        const base::IpAddress& destination, std::size_t bytes,
                                        std::uint8_t seed = 0, std::uint8_t ecn = 0) {
  std::vector<std::byte> packet(bytes);
  for (std::size_t i = 0; i < bytes; ++i) packet[i] = static_cast<std::byte>(seed + i);
  if (source.is_v4()) {
    std::fill_n(packet.begin(), 20, std::byte{0});
    packet[0] = std::byte{0x45};
    packet[1] = std::byte{ecn};
    base::store_be(&packet[2], static_cast<std::uint16_t>(bytes));
    packet[8] = std::byte{64};
    packet[9] = std::byte{253};  // RFC 3692: for experiments
    std::ranges::copy(source.bytes(), packet.begin() + 12);
    std::ranges::copy(destination.bytes(), packet.begin() + 16);
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < 20; i += 2) sum += base::load_be<std::uint16_t>(&packet[i]);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
    base::store_be(&packet[10], static_cast<std::uint16_t>(~sum));
  } else {
    std::fill_n(packet.begin(), 40, std::byte{0});
    base::store_be(packet.data(), (std::uint32_t{6} << 28) | (std::uint32_t{ecn} << 20));
    base::store_be(&packet[4], static_cast<std::uint16_t>(bytes - 40));
    packet[6] = std::byte{253};
    packet[7] = std::byte{64};
    std::ranges::copy(source.bytes(), packet.begin() + 8);
    std::ranges::copy(destination.bytes(), packet.begin() + 24);
  }
  return packet;
}

/// An Ethernet frame of `bytes` in all (at least 14), of an experimental type.
inline std::vector<std::byte> frame(const base::MacAddress& source,
                                    const base::MacAddress& destination, std::size_t bytes,
                                    std::uint8_t seed = 0) {
  std::vector<std::byte> packet(bytes);
  for (std::size_t i = 0; i < bytes; ++i) packet[i] = static_cast<std::byte>(seed + i);
  std::ranges::copy(destination.bytes, packet.begin());
  std::ranges::copy(source.bytes, packet.begin() + 6);
  base::store_be(&packet[12], std::uint16_t{0x88b5});  // IEEE 802: local experimental
  return packet;
}
inline base::MacAddress mac(std::string_view text) {
  return base::MacAddress::parse(text).value();
}

}  // namespace warren::test
