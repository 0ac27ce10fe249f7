// Arithmetic on networks, for giving addresses out.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <warren/base/ip.hpp>

namespace warren::lab {

/// `address` plus `count` times 2^`bit`; empty when that is beyond the family's last address.
std::optional<base::IpAddress> advance(const base::IpAddress& address, unsigned bit,
                                       std::uint64_t count);
/// The `number`-th address of the network: 0 is the network itself. Empty when it is not in it.
std::optional<base::IpAddress> address_in(const base::IpNetwork& network, std::uint64_t number);
/// How many hosts it has room for, without the network's own address and the broadcast address
/// where there are such; at most 2^63.
std::uint64_t capacity(const base::IpNetwork& network) noexcept;
/// The number of its first host: 1, or 0 where every address is a host (/31, /32, /127, /128).
std::uint64_t first_host(const base::IpNetwork& network) noexcept;
bool overlaps(const base::IpNetwork& a, const base::IpNetwork& b) noexcept;
/// Whether `inner` is a part of `outer`, or both are the same.
bool covers(const base::IpNetwork& outer, const base::IpNetwork& inner) noexcept;
/// Why no interface can have an address of this network: "is of the loopback". Empty when one can.
std::optional<std::string_view> unusable(const base::IpNetwork& network);

}  // namespace warren::lab
