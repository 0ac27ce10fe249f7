// Delay, its changes, the order of frames.
#include <catch2/catch_test_macros.hpp>

#include "run.hpp"

using namespace warren;
using namespace warren::test;
using impair::Settings;
using impair::Verdict;

namespace {

Settings delayed(base::Duration delay) {
  Settings settings;
  settings.delay = delay;
  return settings;
}

}  // namespace

TEST_CASE("without impairments a frame leaves at once") {
  Run run(Settings{});
  CHECK(run.send(plain_frame()).verdict == Verdict::passed);
  CHECK(run.pipeline.next_due() == run.now);
  run.drain();
  CHECK(run.times() == std::vector<base::Duration>{0ns});
}

TEST_CASE("a frame leaves exactly after the delay") {
  Run run(delayed(10ms));
  run.send(plain_frame());
  run.advance_to(3ms);
  run.send(plain_frame());
  CHECK(run.pipeline.held() == 2);
  run.advance_to(10ms - 1ns);
  CHECK(run.left.empty());
  CHECK(run.pipeline.next_due() == kStart + 10ms);
  run.drain();
  CHECK(run.times() == std::vector<base::Duration>{10ms, 13ms});
  CHECK(run.pipeline.held() == 0);
  CHECK_FALSE(run.pipeline.next_due().has_value());
}

TEST_CASE("a frame that is taken late says when it should have left") {
  Run run(delayed(10ms));
  run.send(plain_frame());
  const auto gone = run.pipeline.pop(kStart + 25ms);
  REQUIRE(gone.has_value());
  CHECK(gone->due == kStart + 10ms);
  CHECK(gone->last);
}

TEST_CASE("a new delay holds for frames that arrive from then on") {
  Run run(delayed(10ms));
  run.send(plain_frame());
  run.advance_to(1ms);
  run.pipeline.change(delayed(20ms), run.now);
  run.send(plain_frame());
  run.drain();
  CHECK(run.times() == std::vector<base::Duration>{10ms, 21ms});
}

TEST_CASE("frames keep their order when the delay shrinks") {
  Run run(delayed(10ms));
  run.send(plain_frame());
  run.advance_to(1ms);
  run.pipeline.change(delayed(2ms), run.now);
  run.send(plain_frame());
  run.drain();
  CHECK(run.handles() == std::vector<std::uint32_t>{0, 1});
  CHECK(run.times() == std::vector<base::Duration>{10ms, 10ms});
}
