// The fields of an IP packet that the tunnel needs, bounds-checked. RFC 791, RFC 8200.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <warren/base/bytes.hpp>
#include <warren/base/ip.hpp>

namespace warren::packet {

/// A checked view of an IPv4 or IPv6 header. Borrows the packet.
class IpView {
 public:
  /// Empty unless `packet` holds a whole fixed header (IPv4: with its options) of a known version
  /// and the header's length fields are consistent with each other. The packet may be shorter or
  /// longer than total_length() says: compare.
  static std::optional<IpView> parse(base::ConstBytes packet) noexcept;

  [[nodiscard]] base::Family family() const noexcept { return family_; }
  [[nodiscard]] base::IpAddress source() const noexcept;
  [[nodiscard]] base::IpAddress destination() const noexcept;
  /// Bytes of header and payload as the header claims them.
  [[nodiscard]] std::size_t total_length() const noexcept { return total_length_; }
  /// Bytes of the IPv4 header with options, or 40.
  [[nodiscard]] std::size_t header_length() const noexcept { return header_length_; }
  /// IPv4 protocol or IPv6 next header (of the fixed header).
  [[nodiscard]] std::uint8_t protocol() const noexcept;
  /// DSCP and ECN: the traffic class byte.
  [[nodiscard]] std::uint8_t traffic_class() const noexcept;

 private:
  IpView() noexcept = default;
  const std::byte* bytes_ = nullptr;
  std::size_t total_length_ = 0;
  std::size_t header_length_ = 0;
  base::Family family_ = base::Family::v4;
};

}  // namespace warren::packet
