// Two devices exchange data: the round trip, padding, batches.
#include <catch2/catch_test_macros.hpp>

#include "support/pair.hpp"

namespace warren::protocol {
namespace {

using namespace test;

TEST_CASE("a first packet makes a handshake and then arrives") {
  Pair pair;
  CHECK_FALSE(pair.a.seal(pair.now, pair.to_b, pair.packet_to_b(100, 7)));
  pair.deliver();
  REQUIRE(pair.b.delivered.size() == 1);
  CHECK(pair.b.delivered[0].packet == pair.packet_to_b(100, 7));
  CHECK(pair.b.delivered[0].peer == pair.to_a);
  CHECK(pair.a.device.handshakes_completed() == 1);
  CHECK(pair.b.device.handshakes_completed() == 1);
}

TEST_CASE("an established session carries packets both ways without another handshake") {
  Pair pair;
  pair.establish();
  CHECK(pair.a.send(pair.now, pair.packet_to_b(1000)));
  CHECK(pair.b.send(pair.now, pair.packet_to_a(1000)));
  pair.deliver();
  CHECK(pair.a.delivered.size() == 1);
  CHECK(pair.b.delivered.size() == 1);
  CHECK(pair.carried == 2);
}

}  // namespace
}  // namespace warren::protocol
