// How often something may be done.
#include <catch2/catch_test_macros.hpp>
#include <chrono>

#include <warren/base/token_bucket.hpp>

using namespace warren;
using namespace std::chrono_literals;

namespace {

constexpr base::TokenRate kRate{.interval = 10ms, .burst = 10};

unsigned takes(base::TokenBucket& bucket, base::Instant now) {
  unsigned count = 0;
  while (count < 100 && bucket.take(now, kRate)) ++count;
  return count;
}

}  // namespace

TEST_CASE("a token bucket is full at first, even when the clock has only just started") {
  for (const auto start : {0ns, base::Duration(1h)}) {
    base::TokenBucket bucket;
    CHECK(bucket.full_again() <= base::Instant(start));
    CHECK(takes(bucket, base::Instant(start)) == 10);
  }
}

TEST_CASE("a token comes back with every interval, and never more than the burst") {
  base::TokenBucket bucket;
  base::Instant now(1h);
  CHECK(takes(bucket, now) == 10);
  CHECK(takes(bucket, now += 9ms) == 0);
  CHECK(takes(bucket, now += 1ms) == 1);
  CHECK(takes(bucket, now += 25ms) == 2);
  CHECK(takes(bucket, now += 5ms) == 1);
  CHECK(takes(bucket, now += 99ms) == 9);
  CHECK(takes(bucket, now += 1h) == 10);
}

TEST_CASE("a token bucket is full again when every token has come back, refused ones or not") {
  base::TokenBucket bucket;
  const base::Instant now(1h);
  CHECK(bucket.take(now, kRate));
  CHECK(bucket.full_again() == now + 10ms);
  CHECK(takes(bucket, now) == 9);
  CHECK_FALSE(bucket.take(now, kRate));
  CHECK(bucket.full_again() == now + 100ms);
}
