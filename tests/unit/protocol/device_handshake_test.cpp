// Handshakes between devices: what completes, what is refused and why, whom the endpoint follows.
#include <catch2/catch_test_macros.hpp>

#include <warren/protocol/messages.hpp>

#include "support/pair.hpp"
#include "support/raw_peer.hpp"

namespace warren::protocol {
namespace {

using namespace test;
using EventKind = Event::Kind;

/// A device that hears from a bare peer.
struct Responder {
  Responder() : node(1, endpoint("192.0.2.1:1")), raw(Kind::tun, 2) {
    now.boot += 1h;
    now.wall += 1h;
    node.start(now);
    peer = node.device.add_peer(now, raw.public_key()).value();
    node.device.allow_ip(peer, network("10.0.0.2/32"));
  }
  /// The number of answers to `datagram`.
  std::size_t answers(Packet datagram) {
    node.outbox.clear();
    node.receive(now, from, std::span(&datagram, 1));
    return node.outbox.size();
  }
  Packet initiation() { return raw.initiation(now, *node.device.public_key()); }
  std::uint64_t failures(HandshakeFailure failure) {
    return node.device.handshake_failures(failure);
  }
  void pass(base::Duration duration) {
    now.boot += duration;
    now.wall += duration;
  }
  base::Now now{};
  base::Endpoint from = endpoint("192.0.2.2:2");
  Node node;
  RawPeer raw;
  PeerId peer;
};

TEST_CASE("the first message behind a handshake is a keepalive when no packet waits") {
  Pair pair;
  pair.a.device.set_persistent_keepalive(pair.now, pair.to_b, 25s);
  pair.a.drain(pair.now);
  pair.deliver();
  CHECK(pair.carried == 3);
  CHECK(pair.b.device.handshakes_completed() == 1);
}

TEST_CASE("the responder does not send before the first authentic data packet on the session") {
  Pair pair;
  pair.filter = [](Datagram& datagram) { return type_of(datagram) != 4; };
  pair.a.send(pair.now, pair.packet_to_b());
  pair.deliver();
  CHECK(pair.a.device.handshakes_completed() == 1);
  CHECK(pair.b.device.handshakes_completed() == 0);
  CHECK_FALSE(pair.b.send(pair.now, pair.packet_to_a()));
  CHECK(pair.b.device.status(pair.to_a).staged_packets == 1);
  pair.filter = nullptr;
  pair.a.send(pair.now, pair.packet_to_b());
  pair.deliver();
  CHECK(pair.b.device.handshakes_completed() == 1);
  CHECK(pair.a.delivered.size() == 1);
}

TEST_CASE("a keepalive confirms a first session: what waits at the responder leaves") {
  Pair pair;
  // b's own initiation is lost, and a has nothing but a keepalive to send.
  pair.filter = [&](Datagram& datagram) {
    return datagram.from == pair.a.endpoint || type_of(datagram) != 1;
  };
  pair.b.send(pair.now, pair.packet_to_a());
  pair.deliver();
  REQUIRE(pair.b.device.status(pair.to_a).staged_packets == 1);
  pair.a.device.set_persistent_keepalive(pair.now, pair.to_b, 25s);
  pair.a.drain(pair.now);
  pair.deliver();
  CHECK(pair.b.device.handshakes_completed() == 1);
  CHECK(pair.b.device.status(pair.to_a).staged_packets == 0);
  CHECK(pair.a.delivered.size() == 1);
}

TEST_CASE("a keepalive confirms a further session: the responder sends with it from then on") {
  Pair pair;
  pair.establish();
  pair.advance(121s);
  // The session is old: a sends with it once more and begins another handshake.
  std::vector<std::size_t> data_after_response;
  bool responded = false;
  pair.filter = [&](Datagram& datagram) {
    responded = responded || type_of(datagram) == 2;
    if (responded && type_of(datagram) == 4) data_after_response.push_back(datagram.bytes.size());
    return true;
  };
  pair.b.send(pair.now, pair.packet_to_a());
  const Packet with_old = pair.b.outbox.at(0).bytes;
  pair.deliver();
  pair.a.send(pair.now, pair.packet_to_b());
  pair.deliver();
  REQUIRE(responded);
  REQUIRE(data_after_response == std::vector<std::size_t>{kMinDataBytes});
  pair.b.send(pair.now, pair.packet_to_a());
  const Packet with_new = pair.b.outbox.at(0).bytes;
  const auto receiver = [](const Packet& datagram) { return std::span(datagram).subspan(4, 4); };
  CHECK_FALSE(std::ranges::equal(receiver(with_new), receiver(with_old)));
}

TEST_CASE("packets on the previous session are still accepted after a new handshake") {
  Pair pair;
  pair.establish();
  pair.advance(121s);
  pair.b.send(pair.now, pair.packet_to_a(50));
  const Datagram late = pair.b.outbox.at(0);
  pair.b.outbox.clear();
  pair.a.send(pair.now, pair.packet_to_b());
  pair.deliver();
  REQUIRE(pair.a.device.handshakes_completed() == 2);
  pair.a.receive(pair.now, late);
  REQUIRE(pair.a.delivered.size() == 1);
  CHECK(pair.a.delivered[0].packet == pair.packet_to_a(50));
}

TEST_CASE("both handshakes complete when both sides begin at once") {
  Pair pair;
  pair.a.send(pair.now, pair.packet_to_b());
  pair.b.send(pair.now, pair.packet_to_a());
  // The initiations cross on the way.
  const Datagram from_a = pair.a.outbox.at(0);
  const Datagram from_b = pair.b.outbox.at(0);
  pair.a.outbox.clear();
  pair.b.outbox.clear();
  pair.a.receive(pair.now, from_b);
  pair.b.receive(pair.now, from_a);
  pair.deliver();
  CHECK(pair.a.delivered.size() == 1);
  CHECK(pair.b.delivered.size() == 1);
  CHECK(pair.a.send(pair.now, pair.packet_to_b()));
  CHECK(pair.b.send(pair.now, pair.packet_to_a()));
  pair.deliver();
  CHECK(pair.a.delivered.size() == 2);
  CHECK(pair.b.delivered.size() == 2);
}

TEST_CASE("a wrong mac1 is refused before anything else is computed") {
  Responder host;
  Packet datagram = host.initiation();
  datagram[120] ^= std::byte{1};
  CHECK(host.answers(datagram) == 0);
  CHECK(host.failures(HandshakeFailure::wrong_mac1) == 1);
  CHECK(host.node.drops(base::Drop::in_handshake) == 1);
  CHECK(host.node.events.back().failure == HandshakeFailure::wrong_mac1);
  CHECK(host.node.events.back().remote == host.from);
}

TEST_CASE("an initiator that is not configured is refused") {
  Responder host;
  RawPeer stranger(Kind::tun, 99);
  CHECK(host.answers(stranger.initiation(host.now, *host.node.device.public_key())) == 0);
  CHECK(host.failures(HandshakeFailure::unknown_peer) == 1);
}

TEST_CASE("a replayed initiation is refused") {
  Responder host;
  const Packet datagram = host.initiation();
  CHECK(host.answers(datagram) == 1);
  host.pass(1s);
  CHECK(host.answers(datagram) == 0);
  CHECK(host.failures(HandshakeFailure::old_timestamp) == 1);
}

TEST_CASE("an initiation with an older timestamp is refused") {
  Responder host;
  const Packet older = host.initiation();
  host.pass(1s);
  CHECK(host.answers(host.initiation()) == 1);
  host.pass(1s);
  CHECK(host.answers(older) == 0);
  CHECK(host.failures(HandshakeFailure::old_timestamp) == 1);
}

TEST_CASE("initiations of one peer are accepted no more than once in 20 ms") {
  Responder host;
  CHECK(host.answers(host.initiation()) == 1);
  host.pass(20ms - 1ns);
  CHECK(host.answers(host.initiation()) == 0);
  CHECK(host.failures(HandshakeFailure::too_frequent) == 1);
  host.pass(1ns);
  host.now.wall += 20ms;
  CHECK(host.answers(host.initiation()) == 1);
}

TEST_CASE("an ephemeral key of low order is refused") {
  Responder host;
  Packet datagram = host.initiation();
  std::fill_n(datagram.begin() + offsetof(InitiationMessage, ephemeral), 32, std::byte{0});
  CookieMaker(*host.node.device.public_key()).add_macs(host.now.boot, datagram);
  CHECK(host.answers(datagram) == 0);
  CHECK(host.failures(HandshakeFailure::low_order_key) == 1);
}

TEST_CASE("a response with a wrong preshared key is refused with that reason") {
  Pair pair;
  pair.a.device.set_preshared_key(pair.to_b,
                                  crypto::generate_preshared_key(pair.a.random().source()));
  pair.a.send(pair.now, pair.packet_to_b());
  pair.deliver();
  CHECK(pair.a.device.handshake_failures(HandshakeFailure::wrong_preshared_key) == 1);
  CHECK(pair.a.device.handshakes_completed() == 0);
  CHECK(pair.a.events.back().peer == pair.to_b);
}

TEST_CASE("a forged response does not end the handshake") {
  Pair pair;
  pair.a.send(pair.now, pair.packet_to_b());
  bool forged = false;
  pair.filter = [&](Datagram& datagram) {
    if (type_of(datagram) == 2 && !forged) {
      forged = true;
      Datagram copy = datagram;
      copy.bytes[20] ^= std::byte{1};
      CookieMaker(*pair.a.device.public_key()).add_macs(pair.now.boot, copy.bytes);
      pair.a.receive(pair.now, copy);
      CHECK(pair.a.device.handshakes_completed() == 0);
    }
    return true;
  };
  pair.deliver();
  CHECK(forged);
  CHECK(pair.a.device.handshakes_completed() == 1);
}

TEST_CASE("a response that nobody waits for is refused") {
  Pair pair;
  pair.a.send(pair.now, pair.packet_to_b());
  Datagram response;
  pair.filter = [&](Datagram& datagram) {
    if (type_of(datagram) == 2) response = datagram;
    return true;
  };
  pair.deliver();
  pair.a.receive(pair.now, response);
  CHECK(pair.a.device.handshake_failures(HandshakeFailure::unknown_index) == 1);
}

TEST_CASE("a truncated handshake message is counted as malformed") {
  Responder host;
  Packet datagram = host.initiation();
  datagram.pop_back();
  CHECK(host.answers(datagram) == 0);
  CHECK(host.failures(HandshakeFailure::malformed) == 1);
  CHECK(host.node.drops(base::Drop::in_bad_length) == 1);
}

TEST_CASE("without a private key handshakes are refused with that reason") {
  Responder host;
  const Packet datagram = host.initiation();
  host.node.device.set_private_key(host.now, std::nullopt);
  CHECK(host.answers(datagram) == 0);
  CHECK(host.failures(HandshakeFailure::no_private_key) == 1);
  CHECK(host.node.drops(base::Drop::in_no_key) == 1);
}

TEST_CASE("every failure has a name and a text") {
  for (std::size_t i = 0; i < kHandshakeFailureCount; ++i) {
    CHECK_FALSE(failure_name(static_cast<HandshakeFailure>(i)).empty());
    CHECK_FALSE(failure_text(static_cast<HandshakeFailure>(i)).empty());
  }
  CHECK(failure_name(HandshakeFailure::timed_out) == "timed_out");
}

TEST_CASE("events beyond the bound are counted but not told") {
  Responder host;
  std::vector<Packet> batch;
  for (int i = 0; i < 1000; ++i) {
    batch.push_back(Packet(147));
    batch.back()[0] = std::byte{1};
  }
  host.node.receive(host.now, host.from, batch);
  CHECK(host.failures(HandshakeFailure::malformed) == 1000);
  // Half of the queue: the other half is not for what anybody can provoke.
  CHECK(host.node.count(EventKind::handshake_failed) == 128);
}

TEST_CASE("a flood of malformed messages does not silence what a device has to tell of itself") {
  Pair pair;
  pair.filter = [](const Datagram&) { return false; };
  pair.a.send(pair.now, pair.packet_to_b());
  pair.deliver();
  pair.now.boot += kRekeyTimeout + kRekeyTimeoutJitterMax;
  std::vector<Packet> flood(1000, Packet(4));
  std::vector<OpenItem> items;
  for (Packet& datagram : flood) {
    datagram[0] = std::byte{1};
    items.push_back({.datagram = datagram});
  }
  // In one turn, as an engine does it: events are asked for behind the timers.
  pair.a.device.open(pair.now, {.remote = endpoint("192.0.2.66:6"), .local = {}}, items);
  pair.a.handle_timeout(pair.now);
  CHECK(pair.a.device.handshake_failures(HandshakeFailure::malformed) == 1000);
  CHECK(pair.a.count(EventKind::handshake_failed) > 0);
  CHECK(pair.a.count(EventKind::handshake_retry) == 1);
}

// ---- endpoints
// -------------------------------------------------------------------------------------

TEST_CASE("a peer's endpoint follows its data") {
  Pair pair;
  pair.establish();
  const auto moved = endpoint("198.51.100.7:7");
  pair.a.endpoint = moved;
  pair.a.send(pair.now, pair.packet_to_b());
  pair.deliver();
  CHECK(pair.b.device.status(pair.to_a).path->remote == moved);
  CHECK(pair.b.count(EventKind::endpoint_changed) == 1);
  CHECK(pair.b.events.back().remote == moved);
  pair.b.send(pair.now, pair.packet_to_a());
  CHECK(pair.b.outbox.at(0).to == moved);
}

TEST_CASE("a peer's endpoint is learned from its initiation") {
  Responder host;
  CHECK_FALSE(host.node.device.status(host.peer).path.has_value());
  CHECK(host.answers(host.initiation()) == 1);
  CHECK(host.node.device.status(host.peer).path->remote == host.from);
}

TEST_CASE("a peer's endpoint does not follow packets that are forged or replayed") {
  Pair pair;
  pair.establish();
  pair.a.send(pair.now, pair.packet_to_b());
  Datagram replayed = pair.a.outbox.at(0);
  pair.deliver();
  replayed.from = endpoint("198.51.100.66:6");
  pair.b.receive(pair.now, replayed);
  base::store_le(&replayed.bytes[8], std::uint64_t{1000});
  pair.b.receive(pair.now, replayed);
  CHECK(pair.b.device.status(pair.to_a).path->remote == pair.a.endpoint);
}

TEST_CASE("the source address sticks to where the peer reached us, and can be forgotten") {
  Pair pair;
  pair.b.local_source = base::LocalSource{.address = ip("192.0.2.2"), .interface_index = 3};
  pair.establish();
  CHECK(pair.b.device.status(pair.to_a).path->local == pair.b.local_source);
  const auto path = pair.b.device.forget_source(pair.to_a);
  REQUIRE(path.has_value());
  CHECK(path->remote == pair.a.endpoint);
  CHECK_FALSE(path->local.has_value());
  CHECK_FALSE(pair.b.device.status(pair.to_a).path->local.has_value());
}

TEST_CASE("a configured endpoint forgets the source of the old one") {
  Pair pair;
  pair.b.local_source = base::LocalSource{.address = ip("192.0.2.2"), .interface_index = 3};
  pair.establish();
  pair.b.device.set_endpoint(pair.to_a, endpoint("192.0.2.77:7"));
  CHECK_FALSE(pair.b.device.status(pair.to_a).path->local.has_value());
}

}  // namespace
}  // namespace warren::protocol
