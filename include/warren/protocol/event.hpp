// What the core tells its owner beyond bytes: for the log (at a limited rate) and for status.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <warren/base/ip.hpp>
#include <warren/protocol/ids.hpp>

namespace warren::protocol {

// name, text for people
#define WARREN_HANDSHAKE_FAILURES(X)                                                            \
  X(malformed, "message is malformed")                                                          \
  X(wrong_mac1, "mac1 is wrong: it was made for another public key")                            \
  X(wrong_mac2, "mac2 is wrong")                                                                \
  X(under_load, "under load: a cookie was sent instead")                                        \
  X(rate_limited, "too many handshakes from this source")                                       \
  X(decryption, "decryption failed: a message for another key, or of an unknown kind")          \
  X(other_cipher, "the peer uses another cipher: `cipher` must be the same at both ends")       \
  X(other_kind, "the peer uses another kind, tun or tap: `kind` must be the same at both ends") \
  X(unknown_peer, "the initiator's public key is not configured")                               \
  X(old_timestamp,                                                                              \
    "timestamp is not newer than the last one: replayed, or the clock stepped back")            \
  X(too_frequent, "initiation came too soon after the last one")                                \
  X(unknown_index, "no handshake waits for this index")                                         \
  X(wrong_preshared_key, "response failed authentication: wrong preshared key or private key")  \
  X(bad_cookie, "cookie reply failed authentication")                                           \
  X(low_order_key, "Diffie-Hellman result was zero")                                            \
  X(no_private_key, "the interface has no private key")                                         \
  X(timed_out,                                                                                  \
    "no answer within the time for attempts: the peer is out of reach, or has another "         \
    "key, kind or cipher")

enum class HandshakeFailure : std::uint8_t {
#define WARREN_NAME(name, text) name,
  WARREN_HANDSHAKE_FAILURES(WARREN_NAME)
#undef WARREN_NAME
};
#define WARREN_COUNT(name, text) +1  // NOLINT(bugprone-macro-parentheses): summed
inline constexpr std::size_t kHandshakeFailureCount = 0 WARREN_HANDSHAKE_FAILURES(WARREN_COUNT);
#undef WARREN_COUNT

/// The stable name: "unknown_peer".
std::string_view failure_name(HandshakeFailure failure) noexcept;
std::string_view failure_text(HandshakeFailure failure) noexcept;

struct Event {
  enum class Kind : std::uint8_t {
    handshake_completed,  ///< a new session is usable; `peer`, `remote` set
    handshake_failed,     ///< `failure` set; `peer` where it is known
    handshake_retry,   ///< an initiation went unanswered and is sent again: time to resolve names
    endpoint_changed,  ///< the peer roamed to `remote`
  };
  Kind kind;
  std::optional<PeerId> peer;
  base::Endpoint remote;
  HandshakeFailure failure = HandshakeFailure::malformed;
};

}  // namespace warren::protocol
