#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include <fmt/format.h>

#include <warren/base/assert.hpp>
#include <warren/base/ip.hpp>

namespace warren::base {
namespace {

/// A decimal number without sign or leading text, at most `max`.
std::optional<std::uint32_t> parse_number(std::string_view text, std::uint32_t max) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty() || value > max) {
    return std::nullopt;
  }
  return value;
}

struct AddressAndPrefix {
  IpAddress address;
  unsigned prefix;
};

std::optional<AddressAndPrefix> parse_with_prefix(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  if (slash == std::string_view::npos) return AddressAndPrefix{*address, address->bits()};
  const auto prefix = parse_number(text.substr(slash + 1), address->bits());
  if (!prefix) return std::nullopt;
  return AddressAndPrefix{*address, *prefix};
}

std::size_t hash_bytes(const void* data, std::size_t size) noexcept {
  return std::hash<std::string_view>{}({static_cast<const char*>(data), size});
}

}  // namespace

IpAddress IpAddress::from_bytes(Family family, const std::byte* bytes) noexcept {
  IpAddress address = any(family);
  std::memcpy(address.bytes_.data(), bytes, family == Family::v4 ? 4 : 16);
  return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return std::nullopt;  // inet_pton would stop there
  const std::string terminated(text);
  std::array<std::byte, 16> bytes;
  if (::inet_pton(AF_INET, terminated.c_str(), bytes.data()) == 1) {
    return from_bytes(Family::v4, bytes.data());
  }
  if (::inet_pton(AF_INET6, terminated.c_str(), bytes.data()) == 1) {
    return from_bytes(Family::v6, bytes.data());
  }
  return std::nullopt;
}

bool IpAddress::is_unspecified() const noexcept {
  return std::ranges::all_of(bytes_, [](std::byte b) { return b == std::byte{0}; });
}

bool IpAddress::is_link_local() const noexcept {
  if (is_v4()) return bytes_[0] == std::byte{169} && bytes_[1] == std::byte{254};
  return bytes_[0] == std::byte{0xfe} && (bytes_[1] & std::byte{0xc0}) == std::byte{0x80};
}

std::string IpAddress::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(is_v4() ? AF_INET : AF_INET6, bytes_.data(), text.data(), text.size());
  return text.data();
}

IpNetwork::IpNetwork(const IpAddress& address, unsigned prefix) noexcept
    : prefix_(static_cast<std::uint8_t>(prefix)) {
  WARREN_ASSERT(prefix <= address.bits(), "prefix={} bits={}", prefix, address.bits());
  std::array<std::byte, 16> bytes{};
  const auto from = address.bytes();
  const std::size_t whole = prefix / 8;
  std::copy_n(from.begin(), whole, bytes.begin());
  if (prefix % 8 != 0) bytes[whole] = from[whole] & static_cast<std::byte>(0xff00U >> (prefix % 8));
  address_ = IpAddress::from_bytes(address.family(), bytes.data());
}

std::optional<IpNetwork> IpNetwork::parse(std::string_view text) {
  const auto parsed = parse_with_prefix(text);
  if (!parsed) return std::nullopt;
  return IpNetwork(parsed->address, parsed->prefix);
}

bool IpNetwork::contains(const IpAddress& address) const noexcept {
  return address.family() == address_.family() && IpNetwork(address, prefix_).address_ == address_;
}

std::string IpNetwork::to_string() const { return fmt::format("{}/{}", address_.to_string(), prefix_); }

std::optional<InterfaceAddress> InterfaceAddress::parse(std::string_view text) {
  const auto parsed = parse_with_prefix(text);
  if (!parsed) return std::nullopt;
  return InterfaceAddress{parsed->address, static_cast<std::uint8_t>(parsed->prefix)};
}

std::string InterfaceAddress::to_string() const {
  return fmt::format("{}/{}", address.to_string(), prefix);
}

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = parse_number(text.substr(colon + 1), 65535);
  std::string_view host = text.substr(0, colon);
  if (!port) return std::nullopt;
  std::uint32_t scope = 0;
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) {
    host = host.substr(1, host.size() - 2);
    if (const auto percent = host.find('%'); percent != std::string_view::npos) {
      const auto number = parse_number(host.substr(percent + 1), UINT32_MAX);
      if (!number) return std::nullopt;
      scope = *number;
      host = host.substr(0, percent);
    }
  }
  const auto address = IpAddress::parse(host);
  if (!address || address->is_v4() == bracketed) return std::nullopt;
  return Endpoint{*address, static_cast<std::uint16_t>(*port), scope};
}

std::optional<Endpoint> Endpoint::from_sockaddr(const sockaddr* from, std::size_t length) noexcept {
  if (length >= sizeof(sockaddr_in) && from->sa_family == AF_INET) {
    sockaddr_in in;
    std::memcpy(&in, from, sizeof in);
    std::array<std::byte, 4> bytes;
    std::memcpy(bytes.data(), &in.sin_addr, bytes.size());
    return Endpoint{IpAddress::from_bytes(Family::v4, bytes.data()), ntohs(in.sin_port), 0};
  }
  if (length >= sizeof(sockaddr_in6) && from->sa_family == AF_INET6) {
    sockaddr_in6 in;
    std::memcpy(&in, from, sizeof in);
    std::array<std::byte, 16> bytes;
    std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
    if (IN6_IS_ADDR_V4MAPPED(&in.sin6_addr)) {
      return Endpoint{IpAddress::from_bytes(Family::v4, bytes.data() + 12), ntohs(in.sin6_port), 0};
    }
    return Endpoint{IpAddress::from_bytes(Family::v6, bytes.data()), ntohs(in.sin6_port),
                    in.sin6_scope_id};
  }
  return std::nullopt;
}

std::size_t Endpoint::to_sockaddr(void* to) const noexcept {
  if (address.is_v4()) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    std::memcpy(&in.sin_addr, address.bytes().data(), 4);
    std::memcpy(to, &in, sizeof in);
    return sizeof in;
  }
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(port);
  std::memcpy(&in.sin6_addr, address.bytes().data(), 16);
  in.sin6_scope_id = scope_id;
  std::memcpy(to, &in, sizeof in);
  return sizeof in;
}

std::string Endpoint::to_string() const {
  if (address.is_v4()) return fmt::format("{}:{}", address.to_string(), port);
  if (scope_id != 0) return fmt::format("[{}%{}]:{}", address.to_string(), scope_id, port);
  return fmt::format("[{}]:{}", address.to_string(), port);
}

std::optional<MacAddress> MacAddress::parse(std::string_view text) {
  MacAddress address;
  if (text.size() != 17) return std::nullopt;
  for (std::size_t i = 0; i < 6; ++i) {
    const std::string_view octet = text.substr(3 * i, 2);
    unsigned value = 0;
    const auto [end, error] = std::from_chars(octet.data(), octet.data() + octet.size(), value, 16);
    if (error != std::errc{} || end != octet.data() + octet.size()) return std::nullopt;
    if (i < 5 && text[3 * i + 2] != ':') return std::nullopt;
    address.bytes[i] = static_cast<std::byte>(value);
  }
  return address;
}

std::string MacAddress::to_string() const {
  std::array<unsigned, 6> o{};
  std::ranges::transform(bytes, o.begin(), [](std::byte b) { return std::to_integer<unsigned>(b); });
  return fmt::format("{:02x}", fmt::join(o, ":"));
}

}  // namespace warren::base

std::size_t std::hash<warren::base::IpAddress>::operator()(
    const warren::base::IpAddress& address) const noexcept {
  return warren::base::hash_bytes(address.bytes().data(), address.bytes().size());
}

std::size_t std::hash<warren::base::Endpoint>::operator()(
    const warren::base::Endpoint& endpoint) const noexcept {
  const std::size_t port = std::size_t{endpoint.port} << 32U | endpoint.scope_id;
  return std::hash<warren::base::IpAddress>{}(endpoint.address) ^ (port * 0x9e3779b97f4a7c15U);
}

std::size_t std::hash<warren::base::MacAddress>::operator()(
    const warren::base::MacAddress& address) const noexcept {
  return warren::base::hash_bytes(address.bytes.data(), address.bytes.size());
}
