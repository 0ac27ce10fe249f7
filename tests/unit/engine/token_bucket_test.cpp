// How often something may be done.
#include "../../../src/engine/token_bucket.hpp"

#include <catch2/catch_test_macros.hpp>
#include <chrono>

using namespace warren;
using namespace std::chrono_literals;

namespace {

unsigned takes(engine::TokenBucket& bucket, base::Instant now) {
  unsigned count = 0;
  while (count < 100 && bucket.take(now)) ++count;
  return count;
}

}  // namespace

TEST_CASE("a token bucket is full at first, even when the clock has only just started") {
  for (const auto start : {0ns, base::Duration(1h)}) {
    engine::TokenBucket bucket(10ms, 10);
    CHECK(takes(bucket, base::Instant(start)) == 10);
  }
}

TEST_CASE("a token comes back with every interval, and never more than the burst") {
  engine::TokenBucket bucket(10ms, 10);
  base::Instant now(1h);
  CHECK(takes(bucket, now) == 10);
  CHECK(takes(bucket, now += 9ms) == 0);
  CHECK(takes(bucket, now += 1ms) == 1);
  CHECK(takes(bucket, now += 25ms) == 2);
  CHECK(takes(bucket, now += 5ms) == 1);
  CHECK(takes(bucket, now += 99ms) == 9);
  CHECK(takes(bucket, now += 1h) == 10);
}
