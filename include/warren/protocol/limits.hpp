// Every constant of the protocol, and our own bounds, in one place.
// Sources: the WireGuard white paper, sections 5 and 6; the kernel module's behaviour.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include <warren/base/time.hpp>
#include <warren/crypto/aead.hpp>

namespace warren::protocol {

using namespace std::chrono_literals;

// ---- the protocol's
// ------------------------------------------------------------------------------
inline constexpr std::uint64_t kRekeyAfterMessages = std::uint64_t{1} << 60;
inline constexpr std::uint64_t kRejectAfterMessages = UINT64_MAX - (std::uint64_t{1} << 13);
/// The same for AES-256-GCM: with packets of up to 2 KiB an attacker's advantage stays below 2^-57.
/// docs/PROTOCOL.md has the reckoning. Between the two lie 13 s at 10 million packets per second,
/// enough for two attempts at a handshake, and a minute at two million.
inline constexpr std::uint64_t kGcmRekeyAfterMessages = std::uint64_t{1} << 27;
inline constexpr std::uint64_t kGcmRejectAfterMessages = std::uint64_t{1} << 28;
inline constexpr base::Duration kRekeyAfterTime = 120s;
inline constexpr base::Duration kRejectAfterTime = 180s;
inline constexpr base::Duration kRekeyAttemptTime = 90s;
inline constexpr base::Duration kRekeyTimeout = 5s;
inline constexpr base::Duration kRekeyTimeoutJitterMax = 333ms;
inline constexpr base::Duration kKeepaliveTimeout = 10s;
/// An initiator that receives on a session this old rekeys: 180 s - 10 s - 5 s.
inline constexpr base::Duration kRekeyOnReceiveAfterTime =
    kRejectAfterTime - kKeepaliveTimeout - kRekeyTimeout;
inline constexpr base::Duration kZeroKeysAfterTime = 3 * kRejectAfterTime;
inline constexpr base::Duration kCookieSecretMaxAge = 120s;
inline constexpr base::Duration kCookieLatency = 5s;
inline constexpr base::Duration kInitiationsMinGap = 20ms;
inline constexpr std::size_t kPaddingMultiple = 16;
inline constexpr std::size_t kReplayWindowBits = 8192;

/// How many messages one key may seal: beyond the first number both ends want new keys, and the
/// second is never reached.
struct MessageLimits {
  std::uint64_t rekey_after = kRekeyAfterMessages;
  std::uint64_t reject_after = kRejectAfterMessages;
};
constexpr MessageLimits message_limits(crypto::Cipher cipher) noexcept {
  if (cipher == crypto::Cipher::chacha20_poly1305) return {};
  return {.rekey_after = kGcmRekeyAfterMessages, .reject_after = kGcmRejectAfterMessages};
}

// ---- ours, as the kernel module has them
// -----------------------------------------------------------
inline constexpr std::size_t kMaxStagedPackets = 128;
inline constexpr unsigned kHandshakesPerSecond = 20;
inline constexpr unsigned kHandshakesBurst = 5;
/// Sources that the rate limiter remembers at once; beyond, handshakes under load are refused.
inline constexpr std::size_t kRateLimiterMaxSources = 16'384;
/// Handshakes within a second that put the device under load for one second.
inline constexpr unsigned kHandshakesUntilUnderLoad = 200;
inline constexpr std::size_t kMaxPeers = 65'536;
inline constexpr std::size_t kMaxMacEntries = 8'192;
inline constexpr std::size_t kMaxMacEntriesPerPeer = 1'024;
inline constexpr base::Duration kMacAgeing = 300s;

}  // namespace warren::protocol
