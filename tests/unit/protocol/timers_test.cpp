// Each timer, exactly, in virtual time.
#include <catch2/catch_test_macros.hpp>

#include <warren/protocol/messages.hpp>

#include "support/pair.hpp"

namespace warren::protocol {
namespace {

using namespace test;
using Kind = Event::Kind;

constexpr base::Duration kJitter = kRekeyTimeoutJitterMax;

/// A pair whose link counts what it carries by type and can be cut.
struct Counted : Pair {
  explicit Counted(const DeviceOptions& options = {}) : Pair(options) {
    filter = [this](Datagram& datagram) {
      ++(datagram.from == a.endpoint ? from_a : from_b)[type_of(datagram)];
      if (datagram.bytes.size() == kMinDataBytes) ++keepalives;
      return !cut;
    };
  }
  void forget() {
    from_a = {};
    from_b = {};
    keepalives = 0;
    carried = 0;
  }
  std::array<unsigned, 5> from_a{};
  std::array<unsigned, 5> from_b{};
  unsigned keepalives = 0;
  bool cut = false;
};

TEST_CASE("an initiation is sent again after 5 s and jitter while no response comes") {
  Counted pair;
  pair.cut = true;
  pair.a.send(pair.now, pair.packet_to_b());
  pair.deliver();
  CHECK(pair.from_a[1] == 1);
  pair.advance(5s - 1ns);
  CHECK(pair.from_a[1] == 1);
  pair.advance(kJitter + 1ns);
  CHECK(pair.from_a[1] == 2);
  CHECK(pair.a.count(Kind::handshake_retry) == 1);
  pair.advance(5s + kJitter);
  CHECK(pair.from_a[1] == 3);
}

TEST_CASE("a handshake is given up 90 s after it began, and its packets are dropped and counted") {
  Counted pair;
  pair.cut = true;
  for (int i = 0; i < 3; ++i) pair.a.send(pair.now, pair.packet_to_b());
  pair.advance(90s - 1ns);
  CHECK(pair.a.drops(base::Drop::out_handshake_gave_up) == 0);
  CHECK(pair.a.device.status(pair.to_b).staged_packets == 3);
  const unsigned attempts = pair.from_a[1];
  CHECK(attempts >= 17);
  CHECK(attempts <= 18);
  pair.advance(1ns);
  CHECK(pair.a.drops(base::Drop::out_handshake_gave_up) == 3);
  CHECK(pair.a.device.status(pair.to_b).staged_packets == 0);
  CHECK(pair.a.device.handshake_failures(HandshakeFailure::timed_out) == 1);
  CHECK(pair.a.events.back().failure == HandshakeFailure::timed_out);
  CHECK(pair.a.events.back().peer == pair.to_b);
  pair.advance(1h);
  CHECK(pair.from_a[1] == attempts);
  CHECK_FALSE(pair.a.device.poll_timeout().has_value());
}

TEST_CASE("new data begins the time for attempts anew") {
  Counted pair;
  pair.cut = true;
  pair.a.send(pair.now, pair.packet_to_b());
  pair.advance(80s);
  pair.a.send(pair.now, pair.packet_to_b());
  pair.advance(89s);
  CHECK(pair.a.device.handshake_failures(HandshakeFailure::timed_out) == 0);
  pair.advance(1s);
  CHECK(pair.a.device.handshake_failures(HandshakeFailure::timed_out) == 1);
}

TEST_CASE("initiations to one peer keep 5 s apart however much is sent") {
  Counted pair;
  pair.cut = true;
  for (int i = 0; i < 49; ++i) {
    pair.a.send(pair.now, pair.packet_to_b());
    pair.advance(100ms);
  }
  CHECK(pair.from_a[1] == 1);
}

TEST_CASE("received data is answered with a keepalive after 10 s without anything to send") {
  Counted pair;
  pair.establish();
  pair.forget();
  pair.a.send(pair.now, pair.packet_to_b());
  pair.advance(10s - 1ns);
  CHECK(pair.from_b[4] == 0);
  pair.advance(1ns);
  CHECK(pair.from_b[4] == 1);
  CHECK(pair.keepalives == 1);
}

TEST_CASE("data that is sent within 10 s takes the place of the keepalive") {
  Counted pair;
  pair.establish();
  pair.forget();
  pair.a.send(pair.now, pair.packet_to_b());
  pair.advance(9s);
  pair.b.send(pair.now, pair.packet_to_a());
  pair.advance(9s);
  CHECK(pair.keepalives == 0);
}

TEST_CASE("a keepalive is not answered with a keepalive") {
  Counted pair;
  pair.establish();
  pair.advance(60s);
  pair.forget();
  pair.a.send(pair.now, pair.packet_to_b());
  pair.advance(60s);
  CHECK(pair.keepalives == 1);
}

TEST_CASE("data that nothing answers for 15 s and jitter starts a handshake") {
  Counted pair;
  pair.establish();
  pair.advance(30s);
  pair.forget();
  pair.cut = true;
  pair.a.send(pair.now, pair.packet_to_b());
  pair.advance(15s - 1ns);
  CHECK(pair.from_a[1] == 0);
  pair.advance(kJitter + 1ns);
  CHECK(pair.from_a[1] == 1);
}

TEST_CASE("the 15 s begin with the first data, not with the last") {
  Counted pair;
  pair.establish();
  pair.advance(30s);
  pair.forget();
  pair.cut = true;
  for (int i = 0; i < 15; ++i) {
    pair.a.send(pair.now, pair.packet_to_b());
    pair.advance(1s);
  }
  pair.advance(kJitter);
  CHECK(pair.from_a[1] == 1);
}

TEST_CASE("the initiator makes a new handshake when it sends on a session of 120 s") {
  Counted pair;
  pair.establish();
  pair.advance(120s - 1ns);
  pair.forget();
  pair.a.send(pair.now, pair.packet_to_b());
  pair.deliver();
  CHECK(pair.from_a[1] == 0);
  pair.advance(1ns);
  pair.a.send(pair.now, pair.packet_to_b());
  pair.deliver();
  CHECK(pair.from_a[1] == 1);
  CHECK(pair.a.device.handshakes_completed() == 2);
}

TEST_CASE("the initiator makes a new handshake when it receives on a session of 165 s") {
  Counted pair;
  pair.establish();
  pair.advance(165s - 1ns);
  pair.forget();
  pair.b.send(pair.now, pair.packet_to_a());
  pair.deliver();
  CHECK(pair.from_a[1] == 0);
  pair.advance(1ns);
  pair.b.send(pair.now, pair.packet_to_a());
  pair.deliver();
  CHECK(pair.from_a[1] == 1);
}

TEST_CASE("a session of 180 s is not used for sending") {
  Counted pair;
  pair.establish();
  pair.advance(180s - 1ns);
  CHECK(pair.b.send(pair.now, pair.packet_to_a()));
  pair.a.device.set_up(pair.now, false);
  pair.advance(1ns);
  CHECK_FALSE(pair.b.send(pair.now, pair.packet_to_a()));
}

TEST_CASE("what arrives on a session of 180 s is dropped") {
  Counted pair;
  pair.establish();
  pair.advance(180s - 1ns);
  pair.b.seal(pair.now, pair.to_a, pair.packet_to_a());
  pair.now.boot += 1ns;
  pair.deliver();
  CHECK(pair.a.delivered.empty());
  CHECK(pair.a.drops(base::Drop::in_session_expired) == 1);
}

TEST_CASE("keys are wiped 540 s after the last handshake and then no timer is left") {
  Counted pair;
  pair.establish();
  pair.advance(540s - 1ns);
  CHECK(pair.a.device.status(pair.to_b).session_established);
  CHECK(pair.b.device.status(pair.to_a).session_established);
  pair.advance(1ns);
  CHECK_FALSE(pair.a.device.status(pair.to_b).session_established);
  CHECK_FALSE(pair.b.device.status(pair.to_a).session_established);
  CHECK_FALSE(pair.next_timeout().has_value());
}

TEST_CASE("a persistent keepalive goes out once per interval of silence") {
  Counted pair;
  pair.establish();
  pair.advance(20s);
  pair.a.device.set_persistent_keepalive(pair.now, pair.to_b, 25s);
  pair.a.drain(pair.now);
  pair.deliver();
  pair.forget();
  pair.advance(25s - 1ns);
  CHECK(pair.keepalives == 0);
  pair.advance(1ns);
  CHECK(pair.keepalives == 1);
  pair.advance(20s);
  pair.b.send(pair.now, pair.packet_to_a());
  pair.deliver();
  pair.forget();
  pair.advance(10s - 1ns);
  CHECK(pair.keepalives == 0);  // what came in counts as traffic
}

TEST_CASE("turning persistent keepalive on sends one at once, turning it off ends them") {
  Counted pair;
  pair.establish();
  pair.advance(20s);
  pair.forget();
  pair.a.device.set_persistent_keepalive(pair.now, pair.to_b, 25s);
  pair.a.drain(pair.now);
  pair.deliver();
  CHECK(pair.keepalives == 1);
  pair.a.device.set_persistent_keepalive(pair.now, pair.to_b, 0s);
  pair.advance(100s);
  CHECK(pair.keepalives == 1);
}

TEST_CASE("a keepalive that finds the counters used up begins a handshake") {
  Counted pair({.message_limits = MessageLimits{.rekey_after = 1000, .reject_after = 10}});
  pair.establish();
  // One was used behind the handshake.
  for (int i = 0; i < 9; ++i) pair.a.send(pair.now, pair.packet_to_b());
  pair.deliver();
  REQUIRE(pair.b.delivered.size() == 9);
  pair.advance(6s);
  pair.forget();
  pair.a.device.set_persistent_keepalive(pair.now, pair.to_b, 65535s);
  pair.a.drain(pair.now);
  pair.deliver();
  CHECK(pair.from_a[1] == 1);
  pair.a.send(pair.now, pair.packet_to_b(100, 77));
  pair.advance(60s);
  CHECK(pair.b.delivered.size() == 10);
  CHECK(pair.a.device.status(pair.to_b).staged_packets == 0);
}

TEST_CASE("a peer with persistent keepalive is reached for ever again after it was given up") {
  Counted pair;
  pair.cut = true;
  pair.a.device.set_persistent_keepalive(pair.now, pair.to_b, 25s);
  pair.a.drain(pair.now);
  pair.advance(10min);
  CHECK(pair.a.device.handshake_failures(HandshakeFailure::timed_out) >= 1);
  pair.cut = false;
  pair.advance(25s);
  CHECK(pair.a.device.handshakes_completed() == 1);
}

TEST_CASE("persistent keepalive starts when the endpoint becomes known") {
  Counted pair;
  const auto stranger =
      crypto::public_key_of(crypto::generate_secret_key(pair.a.random().source()));
  const auto late = pair.a.device.add_peer(pair.now, stranger).value();
  pair.a.device.set_persistent_keepalive(pair.now, late, 25s);
  pair.a.drain(pair.now);
  pair.advance(60s);
  CHECK(pair.from_a[1] == 0);
  CHECK_FALSE(pair.a.device.poll_timeout().has_value());
  pair.a.device.set_endpoint(late, endpoint("192.0.2.9:9"));
  pair.a.drain(pair.now);
  pair.deliver();
  CHECK(pair.from_a[1] == 1);
}

TEST_CASE("a thousand peers with staggered timers expire in order") {
  Counted pair;
  for (int i = 0; i < 1000; ++i) {
    const auto key = crypto::public_key_of(crypto::generate_secret_key(pair.a.random().source()));
    const auto peer = pair.a.device.add_peer(pair.now, key).value();
    pair.a.device.set_endpoint(peer, endpoint("192.0.2.9:9"));
    pair.a.device.set_persistent_keepalive(pair.now, peer, std::chrono::seconds(100 + i));
  }
  pair.a.drain(pair.now);
  pair.a.outbox.clear();
  base::Instant last = pair.now.boot;
  for (int i = 0; i < 5000; ++i) {
    const auto next = pair.a.device.poll_timeout();
    REQUIRE(next.has_value());
    REQUIRE(*next > last - 1ns);
    last = *next;
    pair.now.boot = last;
    pair.a.device.handle_timeout(pair.now);
    REQUIRE(pair.a.device.poll_timeout().value() > last);
    pair.a.drain(pair.now);
    pair.a.outbox.clear();
  }
}

}  // namespace
}  // namespace warren::protocol
