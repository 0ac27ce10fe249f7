// The data path allocates nothing: operator new counts what the wire's thread asks for.
#include <catch2/catch_test_macros.hpp>

#include "support/counting_new.hpp"
#include "support/wire_pair.hpp"

using namespace warren;
using namespace warren::test;

TEST_CASE("after start-up the wire allocates nothing") {
  requires_root();
  impair::Settings settings;
  settings.delay = 300us;
  settings.loss = impair::GilbertElliottLoss{.p = 0.002, .r = 0.5};
  settings.duplicate = 0.01;
  settings.corrupt = 0.01;
  settings.reorder = impair::Reordering{.p = 0.01, .ahead = {}};
  settings.rate_bps = 2'000'000'000;
  settings.queue.bytes = 4 << 20;
  lab::CaptureRing ring(1 << 20, 128);
  WirePair pair({.settings = {settings, settings},
                 .wire = {.seed = 3, .capture = &ring, .on_thread_start = count_this_thread}});
  pair.wire().capture(true);
  REQUIRE(stream_passes(pair.left(), pair.right(), 1 << 20));
  start_counting();
  CHECK(stream_passes(pair.left(), pair.right(), 8 << 20));
  CHECK(stream_passes(pair.right(), pair.left(), 8 << 20, true));
  CHECK(datagram_passes(pair.left(), pair.right(), 4000));
  CHECK(stop_counting() == 0);
}
