// How many handshakes a source may ask for while the device is under load: a token bucket for each
// source, never a global one, so that a flood from one source does not lock the others out.
#pragma once

#include <cstdint>
#include <memory>

#include <warren/base/ip.hpp>
#include <warren/base/time.hpp>

namespace warren::protocol {

/// One thread. Takes its memory, under 1 MiB, at the first call of allow().
class RateLimiter {
 public:
  /// `seed`: secret and random, so that remotes cannot choose addresses that collide.
  explicit RateLimiter(std::uint64_t seed) noexcept;
  RateLimiter(RateLimiter&&) noexcept;
  RateLimiter& operator=(RateLimiter&&) noexcept;
  ~RateLimiter();

  /// Whether one more handshake from `source` is within kHandshakesPerSecond, with bursts of
  /// kHandshakesBurst; if so it is counted. IPv6 sources are one per /64. False for a new source
  /// while kRateLimiterMaxSources others are remembered, which they are until their buckets are
  /// full again.
  bool allow(base::Instant now, const base::IpAddress& source) noexcept;

 private:
  struct State;
  std::uint64_t seed_;
  std::unique_ptr<State> state_;
};

}  // namespace warren::protocol
