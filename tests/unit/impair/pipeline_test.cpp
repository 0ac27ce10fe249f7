// What holds for a pipeline whatever its settings: handles come back once, nothing is allocated.
#include <catch2/catch_test_macros.hpp>
#include <random>

#include "run.hpp"
#include "support/counting_new.hpp"

using namespace warren;
using namespace warren::test;
using impair::Settings;
using impair::Verdict;

TEST_CASE("a link that is down takes nothing and loses nothing that is on its way") {
  Settings settings;
  settings.delay = 10ms;
  Run run(settings);
  CHECK(run.send(plain_frame()).verdict == Verdict::passed);
  settings.up = false;
  run.pipeline.change(settings, run.now);
  CHECK(run.send(plain_frame()).verdict == Verdict::link_down);
  run.drain();
  CHECK(run.handles() == std::vector<std::uint32_t>{0});
  settings.up = true;
  run.pipeline.change(settings, run.now);
  CHECK(run.send(plain_frame()).verdict == Verdict::passed);
}

TEST_CASE("the MTU counts what is behind the Ethernet header and its tags") {
  Settings settings;
  settings.mtu = 1280;
  Run run(settings);
  CHECK(run.send(plain_frame(1294)).verdict == Verdict::passed);
  CHECK(run.send(plain_frame(1295)).verdict == Verdict::too_big);
  CHECK(run.send(tagged(plain_frame(1294), 7)).verdict == Verdict::passed);
}

TEST_CASE("beyond the limit of frames there is an overrun, not a loss") {
  Settings settings;
  settings.delay = 10ms;
  Run run(settings, {.frames = 3, .flows = 8});
  for (int i = 0; i < 3; ++i) CHECK(run.send(plain_frame()).verdict == Verdict::passed);
  CHECK(run.send(plain_frame()).verdict == Verdict::overrun);
  run.drain();
  CHECK(run.send(plain_frame()).verdict == Verdict::passed);
}
