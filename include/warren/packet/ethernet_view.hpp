// The header of an Ethernet frame, bounds-checked. IEEE 802.3, tags of 802.1Q and 802.1ad.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <warren/base/bytes.hpp>
#include <warren/base/ip.hpp>

namespace warren::packet {

inline constexpr std::size_t kEthernetHeaderBytes = 14;
inline constexpr std::uint16_t kEtherTypeIpv4 = 0x0800;
inline constexpr std::uint16_t kEtherTypeArp = 0x0806;
inline constexpr std::uint16_t kEtherTypeVlan = 0x8100;         ///< 802.1Q tag
inline constexpr std::uint16_t kEtherTypeServiceVlan = 0x88a8;  ///< 802.1ad outer tag
inline constexpr std::uint16_t kEtherTypeIpv6 = 0x86dd;

/// A checked view of an Ethernet header. Borrows the frame.
class EthernetView {
 public:
  /// Empty when `frame` is shorter than kEthernetHeaderBytes.
  static std::optional<EthernetView> parse(base::ConstBytes frame) noexcept;

  [[nodiscard]] base::MacAddress destination() const noexcept;
  [[nodiscard]] base::MacAddress source() const noexcept;
  /// The type (or, below 0x600, the length) behind the addresses: that of a tag if there is one.
  [[nodiscard]] std::uint16_t ether_type() const noexcept;
  /// The type behind up to two VLAN tags.
  [[nodiscard]] std::uint16_t payload_type() const noexcept { return payload_type_; }
  /// Bytes of the header with up to two VLAN tags: where the payload starts. At most the frame's
  /// size.
  [[nodiscard]] std::size_t header_length() const noexcept { return header_length_; }

 private:
  EthernetView() noexcept = default;
  const std::byte* bytes_ = nullptr;
  std::size_t header_length_ = kEthernetHeaderBytes;
  std::uint16_t payload_type_ = 0;
};

}  // namespace warren::packet
