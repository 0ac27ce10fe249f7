// Giving networks and addresses out: for links (addresses.cpp) and for tunnels.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <warren/base/ip.hpp>

#include "draft.hpp"

namespace warren::lab {

/// The network is in use from now on. Complains of "`key`" when it overlaps another.
void reserve(Draft& draft, const Placed<base::IpNetwork>& network, std::string_view key);

/// The next free subnet of the family's pool with room for `hosts`, reserved; empty when there is
/// no pool. Complains at `at` when nothing is left.
std::optional<base::IpNetwork> take_subnet(Draft& draft, base::Family family, std::uint64_t hosts,
                                           config::Position at);

/// The address is in use from now on. Complains of "`key`" when it was before.
void use_address(Draft& draft, const base::IpAddress& address, config::Position at,
                 std::string_view key);

/// The next free address of the network, from its `number`-th on, which moves; in use from now on.
/// Complains at `at` when the network is full.
base::IpAddress next_address(Draft& draft, const base::IpNetwork& network, std::uint64_t& number,
                             config::Position at);

}  // namespace warren::lab
