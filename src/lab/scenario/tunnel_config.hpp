// The configuration of one end of a lab's tunnel, as `warren up` reads it. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <warren/base/ip.hpp>
#include <warren/crypto/keys.hpp>
#include <warren/lab/topology.hpp>

namespace warren::lab {

/// The ends that are peers of `end`: all others, or with a hub only the hub, and all of them for
/// the hub.
std::vector<std::size_t> peers_of(const Tunnel& tunnel, std::size_t end);

/// What `end` sends to its peer `other`: its addresses and subnets; for a spoke's hub everything
/// behind the hub too. Without repetitions, ascending.
std::vector<base::IpNetwork> allowed_ips(const Tunnel& tunnel, std::size_t end, std::size_t other);

/// The file's text; `keys` has one per end. It holds a private key: mode 0600.
std::string tunnel_config(const Topology& topology, const Tunnel& tunnel, std::size_t end,
                          std::span<const crypto::SecretKey> keys);

}  // namespace warren::lab
