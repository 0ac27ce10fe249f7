#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include <warren/base/time.hpp>
#include <warren/protocol/ids.hpp>

#include "daemon_sources.hpp"

namespace warren::cli {
namespace {

using namespace std::chrono_literals;
using protocol::PeerId;

// A loop in simulated time that does nothing else; a call is a turn.
class Turns {
 public:
  explicit Turns(std::uint32_t peers) {
    for (std::uint32_t i = 0; i < peers; ++i) ids_.push_back(PeerId(i));
  }

  LookRounds::Hooks hooks() {
    return {.now = [this] { return now; },
            .call_at = [this](base::Instant when,
                              std::function<void()> fire) { calls_.emplace(when, std::move(fire)); },
            .peers = [this] { return ids_; },
            .look_at =
                [this](PeerId peer) {
                  ++looks[peer.value()];
                  ++looks_in_turn_;
                  return peer.value() != fails_at;
                }};
  }

  // Runs what is due within `time`; returns how many looks there were.
  std::size_t run(base::Duration time) {
    const base::Instant until = now + time;
    std::size_t all = 0;
    while (!calls_.empty() && calls_.begin()->first <= until) {
      const auto call = calls_.extract(calls_.begin());
      now = std::max(now, call.key());
      looks_in_turn_ = 0;
      call.mapped()();
      all += looks_in_turn_;
      most_in_turn = std::max(most_in_turn, looks_in_turn_);
    }
    now = until;
    return all;
  }

  base::Instant now{1h};
  std::map<std::uint32_t, int> looks;
  std::size_t most_in_turn = 0;
  std::uint32_t fails_at = UINT32_MAX;

 private:
  std::vector<PeerId> ids_;
  std::multimap<base::Instant, std::function<void()>> calls_;
  std::size_t looks_in_turn_ = 0;
};

}  // namespace

TEST_CASE("after a change every peer's source is looked at once, a slice in a turn") {
  Turns turns(1000);
  LookRounds rounds(turns.hooks());
  CHECK(turns.run(1s) == 0);
  rounds.changed();
  rounds.changed();
  CHECK(turns.run(19ms) == 0);
  CHECK(turns.run(1ms) == 1000);
  CHECK(turns.looks.size() == 1000);
  CHECK(turns.most_in_turn == LookRounds::kSlice);
  CHECK(turns.run(1h) == 0);
}

TEST_CASE("changes without end do not have thousands of sources looked at all the time") {
  Turns turns(5000);
  LookRounds rounds(turns.hooks());
  std::size_t looks = 0;
  for (int i = 0; i < 10'000; ++i) {
    rounds.changed();
    looks += turns.run(1ms);
  }
  CHECK(looks >= 5 * std::size_t{5000});
  CHECK(looks <= 11 * std::size_t{5000});
}

TEST_CASE("a few sources are looked at soon after every change") {
  Turns turns(3);
  LookRounds rounds(turns.hooks());
  for (int i = 0; i < 100; ++i) {
    rounds.changed();
    CHECK(turns.run(20ms) == 3);
  }
}

TEST_CASE("a change in the middle of a round has everybody looked at again") {
  Turns turns(100);
  auto hooks = turns.hooks();
  LookRounds* rounds = nullptr;
  const auto look = hooks.look_at;
  hooks.look_at = [&](PeerId peer) {
    if (peer.value() == 70 && turns.looks[70] == 0) rounds->changed();
    return look(peer);
  };
  LookRounds tested(std::move(hooks));
  rounds = &tested;
  tested.changed();
  CHECK(turns.run(2s) == 200);
  CHECK(turns.looks[0] == 2);
}

TEST_CASE("a kernel that does not answer is not asked for the other peers") {
  Turns turns(1000);
  turns.fails_at = 100;
  LookRounds rounds(turns.hooks());
  rounds.changed();
  CHECK(turns.run(1h) == 101);
  rounds.changed();
  CHECK(turns.run(1h) == 101);
}

}  // namespace warren::cli
