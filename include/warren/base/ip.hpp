// IP addresses, networks and UDP endpoints as values. Parsing and printing follow RFC 4291 and
// RFC 5952 (through inet_pton and inet_ntop).
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <warren/base/bytes.hpp>

struct sockaddr;

namespace warren::base {

enum class Family : std::uint8_t { v4, v6 };

/// An IPv4 or IPv6 address. Network byte order inside. The default is 0.0.0.0.
class IpAddress {
 public:
  constexpr IpAddress() noexcept = default;
  /// `bytes` has 4 bytes for v4, 16 for v6.
  static IpAddress from_bytes(Family family, const std::byte* bytes) noexcept;
  /// No brackets, no scope, no port.
  static std::optional<IpAddress> parse(std::string_view text);
  static constexpr IpAddress any(Family family) noexcept {
    IpAddress address;
    address.family_ = family;
    return address;
  }

  [[nodiscard]] Family family() const noexcept { return family_; }
  [[nodiscard]] bool is_v4() const noexcept { return family_ == Family::v4; }
  /// 32 or 128.
  [[nodiscard]] unsigned bits() const noexcept { return is_v4() ? 32 : 128; }
  /// 4 or 16 bytes, network order.
  [[nodiscard]] ConstBytes bytes() const noexcept {
    return {bytes_.data(), is_v4() ? std::size_t{4} : std::size_t{16}};
  }
  [[nodiscard]] bool is_unspecified() const noexcept;
  [[nodiscard]] bool is_link_local() const noexcept;
  [[nodiscard]] std::string to_string() const;
  friend auto operator<=>(const IpAddress&, const IpAddress&) noexcept = default;

 private:
  Family family_ = Family::v4;
  std::array<std::byte, 16> bytes_{};  // bytes behind a v4 address stay zero
};

/// A network: an address with the host bits zeroed, and a prefix length.
class IpNetwork {
 public:
  constexpr IpNetwork() noexcept = default;
  /// Zeroes the host bits. `prefix` must be at most address.bits().
  IpNetwork(const IpAddress& address, unsigned prefix) noexcept;
  /// "10.0.0.0/8"; an address without a prefix length is a host network. Host bits are allowed and
  /// zeroed.
  static std::optional<IpNetwork> parse(std::string_view text);

  [[nodiscard]] const IpAddress& address() const noexcept { return address_; }
  [[nodiscard]] unsigned prefix() const noexcept { return prefix_; }
  [[nodiscard]] bool contains(const IpAddress& address) const noexcept;
  [[nodiscard]] std::string to_string() const;
  friend auto operator<=>(const IpNetwork&, const IpNetwork&) noexcept = default;

 private:
  IpAddress address_;
  std::uint8_t prefix_ = 0;
};

/// An interface's address: host bits kept, with its prefix length ("10.8.0.1/24").
struct InterfaceAddress {
  IpAddress address;
  std::uint8_t prefix = 0;
  /// Without a prefix length the whole address counts.
  static std::optional<InterfaceAddress> parse(std::string_view text);
  [[nodiscard]] IpNetwork network() const noexcept { return {address, prefix}; }
  [[nodiscard]] std::string to_string() const;
  friend auto operator<=>(const InterfaceAddress&, const InterfaceAddress&) noexcept = default;
};

/// A UDP address: IP, port, and for IPv6 link-local addresses the scope (an interface index).
struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;
  std::uint32_t scope_id = 0;

  /// "192.0.2.1:51820" or "[2001:db8::1]:51820" or "[fe80::1%2]:51820" (numeric scope only).
  static std::optional<Endpoint> parse(std::string_view text);
  /// From a sockaddr_in or sockaddr_in6; empty for another family. IPv4-mapped IPv6 becomes IPv4.
  static std::optional<Endpoint> from_sockaddr(const sockaddr* from, std::size_t length) noexcept;
  /// Writes a sockaddr_in or sockaddr_in6 and returns its length; `to` has room for
  /// sizeof(sockaddr_in6).
  std::size_t to_sockaddr(void* to) const noexcept;
  [[nodiscard]] std::string to_string() const;
  friend auto operator<=>(const Endpoint&, const Endpoint&) noexcept = default;
};

/// The local side of a path, as IP_PKTINFO and IPV6_PKTINFO tell it: an address of ours and the
/// interface's index.
struct LocalSource {
  IpAddress address;
  std::uint32_t interface_index = 0;
  friend auto operator<=>(const LocalSource&, const LocalSource&) noexcept = default;
};

/// Where datagrams for a peer go: the remote endpoint, and the source they leave from if it is known.
struct Path {
  Endpoint remote;
  std::optional<LocalSource> local;
  friend bool operator==(const Path&, const Path&) noexcept = default;
};

/// An Ethernet address.
struct MacAddress {
  std::array<std::byte, 6> bytes{};
  /// Group bit set: multicast or broadcast.
  [[nodiscard]] bool is_group() const noexcept { return (bytes[0] & std::byte{1}) != std::byte{0}; }
  static std::optional<MacAddress> parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;
  friend auto operator<=>(const MacAddress&, const MacAddress&) noexcept = default;
};

}  // namespace warren::base

template <>
struct std::hash<warren::base::IpAddress> {
  std::size_t operator()(const warren::base::IpAddress& address) const noexcept;
};
template <>
struct std::hash<warren::base::Endpoint> {
  std::size_t operator()(const warren::base::Endpoint& endpoint) const noexcept;
};
template <>
struct std::hash<warren::base::MacAddress> {
  std::size_t operator()(const warren::base::MacAddress& address) const noexcept;
};
