// What may happen to a world, how long it may take to recover, and how scenarios run for many
// seeds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include <warren/protocol/limits.hpp>

#include "sim/world.hpp"

namespace warren::sim {

/// How long after a disturbance traffic flows again between two hosts that both have something to
/// say. The worst case is one that sends on a session which its peer has lost without being able to
/// tell:
///   1 s           until it has something to say (the largest gap of a flow)
///  10 s           KEEPALIVE_TIMEOUT: an answer could have come as late as this
/// + 5 s + 333 ms  REKEY_TIMEOUT and jitter: then the silence is taken for a loss, a handshake
/// begins
/// + 5 s + 333 ms  REKEY_TIMEOUT and jitter: its first initiation may have to wait, or may go to an
///                 address or key that changed the moment before: it is sent again
/// + 1 s           several round trips: for the handshake and for what waited
inline constexpr Duration kRecoveryBound =
    std::chrono::seconds(1) + protocol::kKeepaliveTimeout +
    2 * (protocol::kRekeyTimeout + protocol::kRekeyTimeoutJitterMax) + std::chrono::seconds(1);

enum class Disturbance : std::uint8_t {
  bad_network,     ///< loss, duplication, reordering, tampered copies, replays
  blackout,        ///< nothing arrives
  partition,       ///< some pairs of hosts cannot reach each other
  roaming,         ///< a host gets another address, several times
  nat_remap,       ///< a NAT forgets
  clock_forward,   ///< a wall clock steps
  clock_backward,  ///< a wall clock steps back: its host's handshakes look replayed
  suspend,         ///< a host sleeps
  interface_down,  ///< and up again
  key_change,      ///< a host's key is replaced, on the others a little later
  restart,         ///< a host forgets all but its configuration
};
inline constexpr std::size_t kDisturbanceCount = 11;

std::string_view name(Disturbance disturbance);

/// Disturbs the world for a while, in virtual time, and leaves the network sound.
void disturb(World& world, Disturbance disturbance);

/// Calm, disturbance, recovery, and calm again, in which every packet must arrive; `rounds` times.
void run_rounds(World& world, std::size_t rounds, const std::function<Disturbance()>& choose);

/// Runs `scenario` for the seeds 1 ... count and fails with the first seed that violates something.
/// WARREN_SIM_SEEDS is another count, for every scenario; WARREN_SIM_SEED runs that one seed only.
void for_seeds(std::uint64_t count, const std::function<void(World&)>& scenario,
               const protocol::DeviceOptions& options = {});

}  // namespace warren::sim
