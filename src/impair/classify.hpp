// What a frame is to the dice and the selectors: its flow, its kind, where its payload starts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <warren/base/bytes.hpp>

namespace warren::impair {

/// What tells flows apart: both addresses (of IP, of ARP, else of Ethernet), both ports, the
/// protocol, the VLANs. All fragments of a pair of addresses and a protocol are one flow without
/// ports, since only the first names them. An ICMP echo has its identifier and its type for ports,
/// other ICMP only its type.
struct FlowKey {
  std::array<std::uint64_t, 4> addresses{};
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::uint16_t protocol = 0;
  std::uint16_t ether_type = 0;  ///< 0: an IEEE 802.3 length
  std::uint64_t vlans = 0;

  [[nodiscard]] std::array<std::uint64_t, 6> words() const noexcept {
    return {addresses[0],
            addresses[1],
            addresses[2],
            addresses[3],
            std::uint64_t{source_port} << 48U | std::uint64_t{destination_port} << 32U |
                std::uint64_t{protocol} << 16U | ether_type,
            vlans};
  }
  friend bool operator==(const FlowKey& a, const FlowKey& b) noexcept {
    const auto left = a.words();
    const auto right = b.words();
    std::uint64_t different = 0;  // without branches: most comparisons are of equal keys
    for (std::size_t i = 0; i < left.size(); ++i) different |= left[i] ^ right[i];
    return different == 0;
  }
};

enum class Kind : std::uint8_t { other, udp, tcp, icmp, arp };

struct Classified {
  FlowKey key;
  Kind kind = Kind::other;
  bool syn = false, fin = false, rst = false;
  std::uint32_t payload_offset = 0;  ///< behind the Ethernet header and its VLAN tags
};

/// Looks at a whole frame; never beyond its end.
Classified classify(base::ConstBytes frame) noexcept;

/// The key without what a program does not choose, so that it is the same in every run: a port that
/// the kernel picked (32768 to 60999, ip_local_port_range in the kernel's ip-sysctl) at the end of
/// the flow whose other port somebody did choose, and the identifier of an echo.
FlowKey origin_of(const FlowKey& key) noexcept;

}  // namespace warren::impair
