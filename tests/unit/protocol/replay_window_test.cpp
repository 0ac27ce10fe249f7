#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include <warren/protocol/limits.hpp>
#include <warren/protocol/replay_window.hpp>

using namespace warren::protocol;

namespace {

constexpr std::uint64_t kSpan = ReplayWindow::kSpan;
constexpr std::uint64_t kLimit = kRejectAfterMessages;

struct Step {
  int number;
  std::uint64_t counter;
  bool accepted;
};

/// What RFC 6479 asks for, without a ring: the highest counter and all that were seen.
class NaiveWindow {
 public:
  bool check_and_set(std::uint64_t counter) {
    if (counter >= kLimit) return false;
    if (!seen_.empty() && *seen_.rbegin() > counter && *seen_.rbegin() - counter > kSpan) {
      return false;
    }
    return seen_.insert(counter).second;
  }

 private:
  std::set<std::uint64_t> seen_;
};

}  // namespace

TEST_CASE("the replay window accepts and refuses by this table") {
  constexpr std::uint64_t kFar = 40'000;
  const Step steps[] = {
      // The first counters, in and out of order.
      {1, 0, true},
      {2, 0, false},
      {3, 1, true},
      {4, 1, false},
      {5, 9, true},
      {6, 8, true},
      {7, 7, true},
      {8, 7, false},
      {9, 9, false},
      // The edge moves to one span behind counter 1: that one and those above are still in.
      {10, kSpan + 1, true},
      {11, kSpan + 1, false},
      {12, kSpan, true},
      {13, kSpan, false},
      {14, kSpan - 1, true},
      {15, 2, true},
      {16, 2, false},
      {17, 1, false},  // seen
      {18, 0, false},  // too old
      // A little further: what was inside and unseen is outside now.
      {19, kSpan + 17, true},
      {20, 3, false},
      {21, 16, false},
      {22, 17, true},
      {23, kSpan + 17, false},
      // A jump of more than the whole ring.
      {24, kFar, true},
      {25, kFar - kSpan, true},
      {26, kFar - kSpan, false},
      {27, kFar - kSpan - 1, false},
      {28, kFar - kSpan - 2, false},
      {29, kFar - kSpan + 1, true},
      {30, kSpan + 18, false},
      {31, 10, false},
      {32, kFar - 1, true},
      {33, kFar + 1, true},
      {34, kFar + 1 - kSpan - 1, false},
      {35, kFar + 1 - kSpan, false},  // seen as 29
      {36, 0, false},
      // The end of all counters: nothing at the limit or above it, nothing wraps.
      {37, kLimit, false},
      {38, kLimit - 1, true},
      {39, kLimit, false},
      {40, kLimit - 1, false},
      {41, kLimit - 2, true},
      {42, kLimit + 1, false},
      {43, kLimit + 2, false},
      {44, UINT64_MAX, false},
      {45, kLimit - 2, false},
      {46, kLimit - 3, true},
      {47, kLimit - 1 - kSpan, true},
      {48, kLimit - 2 - kSpan, false},
      {49, 0, false},
      {50, kFar, false},
  };
  ReplayWindow window;
  for (const Step& step : steps) {
    CAPTURE(step.number, step.counter);
    CHECK(window.check_and_set(step.counter) == step.accepted);
  }
}

TEST_CASE("a full span in rising order leaves the oldest counter acceptable once") {
  ReplayWindow window;
  for (std::uint64_t c = 1; c <= kSpan; ++c) REQUIRE(window.check_and_set(c));
  CHECK(window.check_and_set(0));
  CHECK_FALSE(window.check_and_set(0));
}

TEST_CASE("one counter more than a span pushes the oldest out") {
  ReplayWindow window;
  for (std::uint64_t c = 2; c <= kSpan + 1; ++c) REQUIRE(window.check_and_set(c));
  CHECK(window.check_and_set(1));
  CHECK_FALSE(window.check_and_set(0));
}

TEST_CASE("a full span in falling order is accepted") {
  ReplayWindow window;
  for (std::uint64_t c = kSpan + 1; c-- > 0;) REQUIRE(window.check_and_set(c));
  for (std::uint64_t c = kSpan + 1; c-- > 0;) REQUIRE_FALSE(window.check_and_set(c));
}

TEST_CASE("falling order ends where the span ends") {
  ReplayWindow window;
  for (std::uint64_t c = kSpan + 2; c-- > 1;) REQUIRE(window.check_and_set(c));
  CHECK_FALSE(window.check_and_set(0));
}

TEST_CASE("the highest counter last, after a falling span, moves the window by one") {
  ReplayWindow window;
  for (std::uint64_t c = kSpan + 1; c-- > 1;) REQUIRE(window.check_and_set(c));
  SECTION("the oldest before it") {
    CHECK(window.check_and_set(0));
    CHECK(window.check_and_set(kSpan + 1));
  }
  SECTION("the oldest after it") {
    CHECK(window.check_and_set(kSpan + 1));
    CHECK_FALSE(window.check_and_set(0));
  }
}

TEST_CASE("the trailing edge does not depend on where in its block the leading edge stands") {
  for (std::uint64_t offset = 0; offset < 130; ++offset) {
    CAPTURE(offset);
    ReplayWindow window;
    const std::uint64_t top = 20'000 + offset;
    REQUIRE(window.check_and_set(top));
    CHECK_FALSE(window.check_and_set(top - kSpan - 1));
    CHECK(window.check_and_set(top - kSpan));
  }
}

TEST_CASE("a counter refused as a replay changes nothing") {
  ReplayWindow window;
  REQUIRE(window.check_and_set(5));
  REQUIRE_FALSE(window.check_and_set(5));
  CHECK(window.check_and_set(4));
  CHECK(window.check_and_set(6));
}

TEST_CASE("a reset window is as new") {
  ReplayWindow window;
  REQUIRE(window.check_and_set(kLimit - 1));
  window.reset();
  CHECK(window.check_and_set(3));
  CHECK(window.check_and_set(0));
  CHECK_FALSE(window.check_and_set(3));
}

TEST_CASE("random counters are treated as a set with a moving edge treats them") {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    ReplayWindow window;
    NaiveWindow naive;
    // Near the limit on some seeds, so that the end of the range is walked as well.
    std::uint64_t centre = seed % 4 == 0 ? kLimit - 9'000 : random() % 100'000;
    for (int i = 0; i < 20'000; ++i) {
      if (random() % 1000 == 0) centre += random() % 20'000;
      centre += random() % 2;
      const std::uint64_t counter = centre + random() % 64 - std::min(centre, random() % 10'000);
      REQUIRE(window.check_and_set(counter) == naive.check_and_set(counter));
    }
  }
}

TEST_CASE("two threads never both win a counter, and one of them does") {
  constexpr std::uint64_t kCounters = 50'000;
  ReplayWindow window;
  std::vector<std::atomic<int>> wins(kCounters);
  std::atomic<std::uint64_t> slowest[2] = {0, 0};
  const auto work = [&](int self) {
    for (std::uint64_t c = 0; c < kCounters; ++c) {
      // Stay within the span of each other, so that no counter is too old for both.
      while (c > slowest[1 - self].load() + kSpan / 2) std::this_thread::yield();
      if (window.check_and_set(c)) wins[c].fetch_add(1);
      slowest[self].store(c);
    }
  };
  std::thread other(work, 1);
  work(0);
  other.join();
  std::uint64_t exactly_once = 0;
  for (const auto& count : wins) exactly_once += count.load() == 1;
  CHECK(exactly_once == kCounters);
}
