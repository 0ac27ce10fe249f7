#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <string_view>

#include <warren/protocol/limits.hpp>
#include <warren/protocol/rate_limiter.hpp>

using namespace warren;
using namespace std::chrono_literals;
using base::Instant;
using base::IpAddress;
using protocol::kRateLimiterMaxSources;
using protocol::RateLimiter;

namespace {

constexpr Instant kStart{1000s};
constexpr std::uint64_t kSeed = 7;

IpAddress ip(std::string_view text) {
  return *IpAddress::parse(text);
}

IpAddress numbered(std::uint32_t number) {
  std::array<std::byte, 4> bytes;
  base::store_be(bytes.data(), number);
  return IpAddress::from_bytes(base::Family::v4, bytes.data());
}

unsigned allowed_at(RateLimiter& limiter, Instant now, const IpAddress& source, unsigned tries) {
  unsigned allowed = 0;
  for (unsigned i = 0; i < tries; ++i) allowed += limiter.allow(now, source);
  return allowed;
}

}  // namespace

TEST_CASE("a burst of five passes, the sixth does not") {
  RateLimiter limiter(kSeed);
  for (int i = 0; i < 5; ++i) CHECK(limiter.allow(kStart, ip("192.0.2.1")));
  CHECK_FALSE(limiter.allow(kStart, ip("192.0.2.1")));
}

TEST_CASE("a token comes back after exactly 50 ms") {
  RateLimiter limiter(kSeed);
  REQUIRE(allowed_at(limiter, kStart, ip("192.0.2.1"), 6) == 5);
  CHECK_FALSE(limiter.allow(kStart + 50ms - 1ns, ip("192.0.2.1")));
  CHECK(limiter.allow(kStart + 50ms, ip("192.0.2.1")));
  CHECK_FALSE(limiter.allow(kStart + 50ms, ip("192.0.2.1")));
  CHECK(allowed_at(limiter, kStart + 150ms, ip("192.0.2.1"), 9) == 2);
}

TEST_CASE("the bucket holds no more than five tokens however long it rests") {
  RateLimiter limiter(kSeed);
  REQUIRE(allowed_at(limiter, kStart, ip("192.0.2.1"), 9) == 5);
  CHECK(allowed_at(limiter, kStart + 250ms - 1ns, ip("192.0.2.1"), 9) == 4);
  CHECK(allowed_at(limiter, kStart + 1h, ip("192.0.2.1"), 9) == 5);
}

TEST_CASE("refused handshakes cost nothing") {
  RateLimiter limiter(kSeed);
  REQUIRE(allowed_at(limiter, kStart, ip("192.0.2.1"), 10'000) == 5);
  CHECK(limiter.allow(kStart + 50ms, ip("192.0.2.1")));
}

TEST_CASE("over a long time twenty a second pass") {
  RateLimiter limiter(kSeed);
  unsigned allowed = 0;
  for (int ms = 0; ms < 10'000; ++ms) {
    allowed += limiter.allow(kStart + std::chrono::milliseconds(ms), ip("192.0.2.1"));
  }
  CHECK(allowed == 5 + 199);
}

TEST_CASE("sources have buckets of their own") {
  RateLimiter limiter(kSeed);
  REQUIRE(allowed_at(limiter, kStart, ip("192.0.2.1"), 9) == 5);
  CHECK(allowed_at(limiter, kStart, ip("192.0.2.2"), 9) == 5);
}

TEST_CASE("IPv6 sources of one /64 share a bucket, others do not") {
  RateLimiter limiter(kSeed);
  REQUIRE(allowed_at(limiter, kStart, ip("2001:db8:0:1::1"), 9) == 5);
  CHECK(allowed_at(limiter, kStart, ip("2001:db8:0:1:ffff::2"), 9) == 0);
  CHECK(allowed_at(limiter, kStart, ip("2001:db8:0:2::1"), 9) == 5);
}

TEST_CASE("an IPv4 source and an IPv6 network with the same number are two") {
  RateLimiter limiter(kSeed);
  REQUIRE(allowed_at(limiter, kStart, ip("0.0.0.1"), 9) == 5);
  CHECK(allowed_at(limiter, kStart, ip("0:0:0:1::"), 9) == 5);
}

TEST_CASE(
    "beyond the bound new sources are refused, old ones are not, until buckets are full again") {
  RateLimiter limiter(kSeed);
  for (std::uint32_t i = 0; i < kRateLimiterMaxSources; ++i) {
    REQUIRE(limiter.allow(kStart, numbered(i)));
  }
  CHECK_FALSE(limiter.allow(kStart, ip("192.0.2.1")));
  CHECK(limiter.allow(kStart, numbered(5)));
  CHECK_FALSE(limiter.allow(kStart + 50ms - 1ns, ip("192.0.2.1")));
  CHECK(limiter.allow(kStart + 50ms, ip("192.0.2.1")));
}

TEST_CASE("a stream of new sources faster than the bound does not stop it from working") {
  RateLimiter limiter(kSeed);
  std::uint32_t allowed = 0;
  for (std::uint32_t i = 0; i < 200'000; ++i) {
    allowed += limiter.allow(kStart + std::chrono::microseconds(i * 10), numbered(i));
  }
  CHECK(allowed == 200'000);  // 5,000 at a time
}
