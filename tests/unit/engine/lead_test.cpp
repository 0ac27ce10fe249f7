#include "../../../src/engine/lead.hpp"

#include <catch2/catch_test_macros.hpp>
#include <random>

namespace warren::engine {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a lead follows what waking up takes, above most of it") {
  base::Instant now{1s};
  Lead lead(now);
  std::mt19937 random(1);
  std::uniform_int_distribution<int> latency_ns(20'000, 30'000);
  for (int round = 0; round < 2000; ++round) lead.woke(base::Duration(latency_ns(random)));
  CHECK(lead.lead(now) > 25us);
  CHECK(lead.lead(now) < 30us);
  for (int round = 0; round < 2000; ++round) lead.woke(3us);
  CHECK(lead.lead(now) < 4us);
}

TEST_CASE("wake-ups of milliseconds do not make a lead of milliseconds") {
  Lead lead(base::Instant{1s});
  for (int round = 0; round < 10'000; ++round) lead.woke(5ms);
  CHECK(lead.lead(base::Instant{1s}) <= 60us);
}

TEST_CASE("no more than a quarter of the time is spent waiting awake") {
  base::Instant now{1s};
  Lead lead(now);
  base::Duration spent{0};
  const auto end = now + 1s;
  while (now < end) {
    // There is always something due soon: whoever may wait awake does.
    const auto early = lead.lead(now);
    if (early > 0us) {
      lead.spent(early);
      spent += early;
      now += early;
    } else {
      now += 10us;
    }
  }
  CHECK(spent > 200ms);
  CHECK(spent < 260ms);
}

}  // namespace
}  // namespace warren::engine
