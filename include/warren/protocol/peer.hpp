// All that a device knows about one peer. Kept small: sessions and handshakes exist only while they
// are needed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include <warren/base/ip.hpp>
#include <warren/base/time.hpp>
#include <warren/crypto/keys.hpp>
#include <warren/protocol/cookie.hpp>
#include <warren/protocol/handshake.hpp>
#include <warren/protocol/ids.hpp>
#include <warren/protocol/keypairs.hpp>
#include <warren/protocol/staging.hpp>
#include <warren/protocol/timers.hpp>

namespace warren::protocol {

struct Peer {
  static constexpr std::size_t kNotQueued = SIZE_MAX;

  Peer(PeerId id_in, const crypto::PublicKey& key) noexcept
      : id(id_in), public_key(key), cookie(key) {}

  const PeerId id;
  const crypto::PublicKey public_key;
  crypto::PresharedKey preshared_key;
  crypto::SymmetricKey static_static;
  std::optional<base::Path> path;

  // Handshakes.
  CookieMaker cookie;
  std::unique_ptr<PendingInitiation> initiation;
  base::Instant initiation_sent;
  TimestampSource timestamps;
  Timestamp newest_timestamp;
  std::optional<base::Instant> initiation_consumed;
  /// When a handshake message last went out: initiations keep kRekeyTimeout apart.
  std::optional<base::Instant> handshake_sent;
  /// When the present series of attempts began.
  base::Instant attempts_began;
  /// Receiving asked for a rekey on this session already.
  bool rekey_on_receive_asked = false;

  Keypairs keypairs;
  StagedPackets staged;

  // Timers.
  PeerTimers timers;
  std::size_t timer_position = kNotQueued;
  base::Duration persistent_keepalive{0};

  // What poll_transmit owes this peer, and the list of peers that are owed something.
  bool initiation_wanted = false;
  bool keepalive_wanted = false;
  bool listed = false;
  Peer* list_previous = nullptr;
  Peer* list_next = nullptr;

  std::uint64_t rx_bytes = 0;
  std::uint64_t tx_bytes = 0;
  std::optional<base::WallTime> last_handshake;
  std::optional<base::Duration> handshake_duration;

  [[nodiscard]] PeerKeys keys() const noexcept {
    return {
        .public_key = public_key, .static_static = static_static, .preshared_key = preshared_key};
  }
  /// The session to send with; null when there is none or it is too old.
  [[nodiscard]] Session* usable_session(base::Instant now) const noexcept {
    Session* session = keypairs.current();
    return session != nullptr && !session->expired(now) ? session : nullptr;
  }
};

}  // namespace warren::protocol
