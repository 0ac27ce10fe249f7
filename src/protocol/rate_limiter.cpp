// Theory of operation
//
// Each source has a token bucket. One that is full says the same as none at all, so it may be
// forgotten.
//
// Sources are kept in the order of their last allowed handshake. None is more than the filling time
// of a bucket from being full, so those that may be forgotten gather at the front; each call
// removes what it finds there.
#include <new>

#include <warren/base/bytes.hpp>
#include <warren/base/token_bucket.hpp>
#include <warren/protocol/limits.hpp>
#include <warren/protocol/rate_limiter.hpp>

#include "bounded_table.hpp"

namespace warren::protocol {
namespace {

constexpr base::TokenRate kRate{.interval = base::Duration(1s) / kHandshakesPerSecond,
                                .burst = kHandshakesBurst};

struct SourceKey {
  std::uint64_t network = 0;
  base::Family family = base::Family::v4;
  bool operator==(const SourceKey&) const noexcept = default;
};

struct SourceEntry {
  SourceKey key;
  base::TokenBucket bucket{};
  static std::uint64_t hash_of(const KeyedHash& hash, const SourceKey& key) noexcept {
    return hash(key.network, static_cast<std::uint64_t>(key.family));
  }
};

SourceKey key_of(const base::IpAddress& source) noexcept {
  const std::byte* bytes = source.bytes().data();
  return {.network = source.is_v4() ? base::load_be<std::uint32_t>(bytes)
                                    : base::load_be<std::uint64_t>(bytes),
          .family = source.family()};
}

}  // namespace

struct RateLimiter::State {
  using Sources = BoundedTable<SourceEntry, kRateLimiterMaxSources>;
  explicit State(std::uint64_t seed) noexcept : sources(seed) {}
  Sources sources;
};

RateLimiter::RateLimiter(std::uint64_t seed) noexcept : seed_(seed) {}
RateLimiter::RateLimiter(RateLimiter&&) noexcept = default;
RateLimiter& RateLimiter::operator=(RateLimiter&&) noexcept = default;
RateLimiter::~RateLimiter() = default;

bool RateLimiter::allow(base::Instant now, const base::IpAddress& source) noexcept {
  if (!state_) state_.reset(new (std::nothrow) State(seed_));
  if (!state_) return false;
  static_assert(sizeof(State) < std::size_t{1} << 20);
  State::Sources& sources = state_->sources;

  while (sources.size() > 0 && sources[sources.oldest()].bucket.full_again() <= now) {
    sources.remove(sources.oldest());
  }
  const SourceKey key = key_of(source);
  const auto index = sources.find(key);
  if (index == State::Sources::kNone) {
    if (sources.full()) return false;
    return sources[sources.add({.key = key})].bucket.take(now, kRate);
  }
  if (!sources[index].bucket.take(now, kRate)) return false;
  sources.touch(index);
  return true;
}

}  // namespace warren::protocol
