// Ethernet frames among three ends: a hub in the middle and two leaves that know only the hub.
//
//   TAP 10.9.0.2 - leaf - hub - leaf - TAP 10.9.0.3      the hub's own TAP is 10.9.0.1
#include <catch2/catch_test_macros.hpp>

#include "traffic.hpp"

using namespace warren;
using namespace warren::test;

namespace {

EndOptions tap(int number, bool hub = false) {
  EndOptions options;
  options.number = number;
  options.kind = protocol::Kind::tap;
  options.hub = hub;
  return options;
}

struct Star {
  explicit Star(bool forwards)
      : hub(underlay, tap(1, forwards)), left(underlay, tap(2)), right(underlay, tap(3)) {
    for (End* leaf : {&left, &right}) {
      hub.add_peer(*leaf, "127.0.0.1");
      leaf->add_peer(hub, "127.0.0.1");
    }
  }
  TestNetns underlay;
  End hub;
  End left;
  End right;
};

}  // namespace

TEST_CASE("two TAP ends are a wire, for datagrams and for super-packets") {
  requires_root();
  EndOptions options;
  options.kind = protocol::Kind::tap;
  TunnelPair pair(options, options);
  CHECK(datagram_passes(pair.a, pair.b));
  CHECK(stream_passes(pair.a, pair.b, 32 << 20));
  CHECK(stream_passes(pair.b, pair.a, 32 << 20, true));
  const auto written = pair.b.statistics();
  CHECK(written.tun_write_packets > 5 * written.tun_writes);
}

TEST_CASE("a hub forwards frames between its peers") {
  requires_root();
  Star star(true);
  // The first frames start handshakes and ask for addresses by broadcast.
  CHECK(datagram_passes(star.left, star.hub));
  CHECK(datagram_passes(star.right, star.hub));
  CHECK(datagram_passes(star.left, star.right));
  CHECK(stream_passes(star.left, star.right, 16 << 20));
  CHECK(stream_passes(star.right, star.left, 16 << 20, true));
}

TEST_CASE("without hub frames of one peer do not reach another") {
  requires_root();
  Star star(false);
  CHECK(datagram_passes(star.left, star.hub));
  CHECK(datagram_passes(star.right, star.hub));
  const auto sender = bound_socket(star.left, SOCK_DGRAM, "10.9.0.2:0");
  const auto receiver = bound_socket(star.right, SOCK_DGRAM, "10.9.0.3:7000");
  send_to(sender, "10.9.0.3:7000", pattern(100, 1));
  CHECK_FALSE(receive(receiver, 500ms).has_value());
}
