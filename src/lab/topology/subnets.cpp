#include "subnets.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace warren::lab {

std::optional<base::IpAddress> advance(const base::IpAddress& address, unsigned bit,
                                       std::uint64_t count) {
  std::array<std::byte, 16> bytes{};
  const base::ConstBytes from = address.bytes();
  std::ranges::copy(from, bytes.begin());
  // Base 256, from the last byte on; `count` enters at the byte of `bit`, shifted within it.
  const std::size_t size = from.size();
  const unsigned within = bit % 8;
  std::uint64_t carry = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t index = size - 1 - i;
    std::uint64_t digit = std::to_integer<std::uint64_t>(bytes.at(index)) + carry;
    if (i >= bit / 8) {
      const std::size_t shift = (i - bit / 8) * 8;
      // The byte of (count << within) that belongs here; count has 64 bits, within at most 7.
      std::uint64_t part = 0;
      if (shift < 64) part = (count >> shift) << within;
      if (shift > 0 && within > 0 && shift - 8 < 64) {
        part |= (count >> (shift - 8) & 0xff) >> (8 - within);
      }
      digit += part & 0xff;
    }
    bytes.at(index) = static_cast<std::byte>(digit & 0xff);
    carry = digit >> 8;
  }
  if (carry != 0) return {};
  return base::IpAddress::from_bytes(address.family(), bytes.data());
}

std::optional<base::IpAddress> address_in(const base::IpNetwork& network, std::uint64_t number) {
  const auto address = advance(network.address(), 0, number);
  if (!address || !network.contains(*address)) return {};
  return address;
}

std::uint64_t capacity(const base::IpNetwork& network) noexcept {
  const unsigned bits = network.address().bits() - network.prefix();
  if (bits >= 63) return std::uint64_t{1} << 63;
  const std::uint64_t all = std::uint64_t{1} << bits;
  if (bits <= 1) return all;
  return network.address().is_v4() ? all - 2 : all - 1;
}

std::uint64_t first_host(const base::IpNetwork& network) noexcept {
  return network.address().bits() - network.prefix() <= 1 ? 0 : 1;
}

bool overlaps(const base::IpNetwork& a, const base::IpNetwork& b) noexcept {
  return covers(a, b) || covers(b, a);
}

bool covers(const base::IpNetwork& outer, const base::IpNetwork& inner) noexcept {
  return outer.address().family() == inner.address().family() && outer.prefix() <= inner.prefix() &&
         outer.contains(inner.address());
}

std::optional<std::string_view> unusable(const base::IpNetwork& network) {
  struct Special {
    std::string_view network;
    std::string_view why;
  };
  // IANA's registries of special-purpose addresses (RFC 6890).
  static constexpr std::array kSpecial = {
      Special{"224.0.0.0/3", "is no host's address"},
      Special{"127.0.0.0/8", "is of the loopback"},
      Special{"0.0.0.0/8", "is no host's address"},
      Special{"ff00::/8", "is no host's address"},
      Special{"::1/128", "is of the loopback"},
      Special{"::/128", "is no host's address"},
      Special{"fe80::/10", "is link-local, which the kernel gives out itself"},
  };
  for (const Special& special : kSpecial) {
    if (covers(*base::IpNetwork::parse(special.network), network)) return special.why;
  }
  return {};
}

}  // namespace warren::lab
