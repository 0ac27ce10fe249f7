// The handshake, Noise IKpsk2: an initiation, a response, and both sides have the keys of a
// session. White paper, sections 5.4.2 to 5.4.5. Pure functions on messages; who keeps what is the
// device's.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>

#include <warren/base/time.hpp>
#include <warren/crypto/keys.hpp>
#include <warren/crypto/random.hpp>
#include <warren/protocol/event.hpp>
#include <warren/protocol/ids.hpp>
#include <warren/protocol/messages.hpp>
#include <warren/protocol/noise.hpp>
#include <warren/protocol/suite.hpp>

namespace warren::protocol {

/// TAI64N as on the wire; compares as time. The low 24 bits of the nanoseconds are zero, so that
/// the clock gives away no fine timing.
struct Timestamp {
  std::array<std::byte, kTimestampBytes> bytes{};
  friend auto operator<=>(const Timestamp&, const Timestamp&) noexcept = default;
};

/// Gives strictly increasing timestamps to one peer even while the wall clock steps back.
class TimestampSource {
 public:
  [[nodiscard]] Timestamp next(base::WallTime wall) noexcept;

 private:
  base::WallTime last_ = base::WallTime::min();
};

/// Our own static keys.
struct Identity {
  crypto::SecretKey secret;
  crypto::PublicKey public_key;
};

/// What a handshake needs to know about the peer. Borrows.
struct PeerKeys {
  const crypto::PublicKey& public_key;
  /// The Diffie-Hellman result of both static keys; zeros when the peer's key is of low order.
  const crypto::SymmetricKey& static_static;
  const crypto::PresharedKey& preshared_key;
};

struct SessionKeys {
  crypto::SymmetricKey send;
  crypto::SymmetricKey receive;
};

/// An initiation of ours that waits for its response.
struct PendingInitiation {
  SymmetricState state;
  crypto::SecretKey ephemeral;
  SessionIndex index;
};

/// Fills `message` but for the macs. Error: low_order_key.
std::expected<PendingInitiation, HandshakeFailure> create_initiation(
    Suite suite, const Identity& own, const PeerKeys& peer, const Timestamp& timestamp,
    SessionIndex index, const crypto::RandomSource& random, InitiationMessage& message) noexcept;

/// An initiation of which the sender's claimed key is known; nothing is proven before its timestamp
/// was read.
struct OpenedInitiation {
  SymmetricState state;
  crypto::PublicKey remote_static;
  crypto::PublicKey remote_ephemeral;
  SessionIndex remote_index;
};

/// Errors: low_order_key, decryption.
std::expected<OpenedInitiation, HandshakeFailure> open_initiation(
    Suite suite, const Identity& own, const InitiationMessage& message) noexcept;

/// An initiation to us of a suite that is not ours.
struct ForeignInitiation {
  Suite suite;
  /// What the sender claims; nothing is proven.
  crypto::PublicKey remote_static;
};

/// What an initiation that does not open is instead, to tell the operator why two ends do not find
/// together: mac1 does not depend on the suite, so such an initiation gets as far as that. Empty
/// when no other suite opens it either. Costs what opening one costs (a Diffie-Hellman exchange and
/// a few hashes), so it is not for a device under load.
std::optional<ForeignInitiation> recognise_initiation(Suite own_suite, const Identity& own,
                                                      const InitiationMessage& message) noexcept;

/// Proves that the sender holds the claimed key. Errors: low_order_key, decryption.
std::expected<Timestamp, HandshakeFailure> read_timestamp(
    OpenedInitiation& opened, const crypto::SymmetricKey& static_static,
    const InitiationMessage& message) noexcept;

/// Fills `message` but for the macs; read_timestamp came before. Error: low_order_key.
std::expected<SessionKeys, HandshakeFailure> create_response(
    OpenedInitiation opened, const crypto::PresharedKey& preshared_key, SessionIndex index,
    const crypto::RandomSource& random, ResponseMessage& message) noexcept;

/// `pending` stays as it was, so that a forged response does not end the handshake.
/// Errors: low_order_key, wrong_preshared_key.
std::expected<SessionKeys, HandshakeFailure> consume_response(
    const PendingInitiation& pending, const Identity& own,
    const crypto::PresharedKey& preshared_key, const ResponseMessage& message) noexcept;

}  // namespace warren::protocol
