// Cookies: the two sides alone, and a device under load from end to end.
#include <catch2/catch_test_macros.hpp>

#include <warren/protocol/cookie.hpp>

#include "support/pair.hpp"
#include "support/raw_peer.hpp"

namespace warren::protocol {
namespace {

using namespace test;

struct Sides {
  Sides() { checker.set_public_key(key); }
  Packet message() {
    Packet bytes(sizeof(InitiationMessage), std::byte{5});
    maker.add_macs(now, bytes);
    return bytes;
  }
  bool exchange() {
    const Packet sent = message();
    return maker.consume(now, checker.reply(now, random.source(), sent, SessionIndex(1), source));
  }
  CookieChecker::Mac2 check(const Packet& bytes, const base::Endpoint& from) {
    return checker.check_mac2(now, random.source(), bytes, from);
  }
  base::Instant now{1h};
  SeededRandom random{1};
  crypto::PublicKey key = crypto::public_key_of(crypto::generate_secret_key(random.source()));
  base::Endpoint source = endpoint("192.0.2.1:1000");
  CookieChecker checker;
  CookieMaker maker{key};
};

TEST_CASE_METHOD(Sides, "mac1 is right for the key it was made for and for no other") {
  CHECK(checker.mac1_is_right(message()));
  CookieChecker other;
  other.set_public_key(crypto::PublicKey());
  CHECK_FALSE(other.mac1_is_right(message()));
}

TEST_CASE_METHOD(Sides, "mac2 is absent without a cookie and right with one") {
  CHECK(check(message(), source) == CookieChecker::Mac2::absent);
  REQUIRE(exchange());
  CHECK(check(message(), source) == CookieChecker::Mac2::right);
}

TEST_CASE_METHOD(Sides, "a cookie binds the source's address and its port") {
  REQUIRE(exchange());
  const Packet bytes = message();
  CHECK(check(bytes, endpoint("192.0.2.1:1001")) == CookieChecker::Mac2::wrong);
  CHECK(check(bytes, endpoint("192.0.2.2:1000")) == CookieChecker::Mac2::wrong);
  CHECK(check(bytes, endpoint("[2001:db8::1]:1000")) == CookieChecker::Mac2::wrong);
  CHECK(check(bytes, source) == CookieChecker::Mac2::right);
}

TEST_CASE_METHOD(Sides, "a cookie is used for 115 s and known for 120 s") {
  REQUIRE(exchange());
  const Packet bytes = message();
  now += 115s - 1ns;
  CHECK(check(message(), source) == CookieChecker::Mac2::right);
  now += 1ns;
  CHECK(check(message(), source) == CookieChecker::Mac2::absent);
  now += 5s - 1ns;
  CHECK(check(bytes, source) == CookieChecker::Mac2::right);
  now += 1ns;
  CHECK(check(bytes, source) == CookieChecker::Mac2::wrong);
}

TEST_CASE_METHOD(Sides, "a cookie reply belongs to the mac1 that it answers and counts once") {
  const Packet first = message();
  const auto reply = checker.reply(now, random.source(), first, SessionIndex(1), source);
  Packet second(sizeof(InitiationMessage), std::byte{6});
  maker.add_macs(now, second);
  CHECK_FALSE(maker.consume(now, reply));
  const auto right = checker.reply(now, random.source(), second, SessionIndex(1), source);
  CHECK(maker.consume(now, right));
  CHECK_FALSE(maker.consume(now, right));
}

TEST_CASE_METHOD(Sides, "a cookie reply that was changed on the way is refused") {
  auto reply = checker.reply(now, random.source(), message(), SessionIndex(1), source);
  reply.nonce[0] ^= std::byte{1};
  CHECK_FALSE(maker.consume(now, reply));
}

// ---- a device under load
// ---------------------------------------------------------------------------

/// b is put under load by a flood of initiations with a right mac1 from many sources.
void put_under_load(Pair& pair) {
  Packet junk(sizeof(InitiationMessage), std::byte{7});
  const auto type = type_field(MessageType::initiation);
  std::ranges::copy(type, junk.begin());
  CookieMaker(*pair.b.device.public_key()).add_macs(pair.now.boot, junk);
  std::vector<Packet> flood(kHandshakesUntilUnderLoad + 1, junk);
  pair.b.receive(pair.now, endpoint("203.0.113.1:1"), flood);
  pair.b.outbox.clear();
  pair.b.events.clear();
}

TEST_CASE("mac2 is demanded only under load") {
  Pair pair;
  pair.establish();
  CHECK(pair.b.device.handshake_failures(HandshakeFailure::under_load) == 0);

  Pair loaded;
  put_under_load(loaded);
  loaded.a.send(loaded.now, loaded.packet_to_b());
  bool cookie = false;
  loaded.filter = [&](Datagram& datagram) {
    cookie = cookie || type_of(datagram) == 3;
    return true;
  };
  loaded.deliver();
  CHECK(cookie);
  CHECK(loaded.a.device.handshakes_completed() == 0);
  CHECK(loaded.b.device.handshake_failures(HandshakeFailure::under_load) >= 1);
}

TEST_CASE("an initiator answers a cookie with its next attempt and gets through under load") {
  Pair pair;
  put_under_load(pair);
  pair.a.send(pair.now, pair.packet_to_b());
  pair.deliver();
  REQUIRE(pair.a.device.handshakes_completed() == 0);
  pair.filter = [&, flooding = false](Datagram& datagram) mutable {
    if (datagram.to == pair.b.endpoint && !flooding) {
      flooding = true;
      put_under_load(pair);  // still, or again
    }
    return true;
  };
  pair.advance(6s);
  CHECK(pair.a.device.handshakes_completed() == 1);
  CHECK(pair.b.delivered.size() == 1);
}

TEST_CASE("the load is over a second after the flood") {
  Pair pair;
  put_under_load(pair);
  pair.advance(1s);
  pair.a.send(pair.now, pair.packet_to_b());
  pair.deliver();
  CHECK(pair.a.device.handshakes_completed() == 1);
}

TEST_CASE("an endpoint does not follow a cookie reply") {
  Pair pair;
  put_under_load(pair);
  pair.a.send(pair.now, pair.packet_to_b());
  bool seen = false;
  pair.filter = [&](Datagram& datagram) {
    if (type_of(datagram) == 3) {
      seen = true;
      datagram.from = endpoint("198.51.100.9:9");
    }
    return true;
  };
  pair.deliver();
  CHECK(seen);
  CHECK(pair.a.device.handshake_failures(HandshakeFailure::bad_cookie) == 0);
  CHECK(pair.a.device.status(pair.to_b).path->remote == pair.b.endpoint);
}

TEST_CASE("under load each source has its own limit of a burst of 5") {
  Pair pair;
  put_under_load(pair);
  const auto from = endpoint("198.51.100.1:1");
  std::vector<RawPeer> peers;
  for (std::uint64_t seed = 100; seed < 110; ++seed) peers.emplace_back(Kind::tun, seed);
  // All ten sit behind one address and have cookies.
  for (RawPeer& peer : peers) {
    REQUIRE(pair.b.device.add_peer(pair.now, peer.public_key()).has_value());
    Packet first = peer.initiation(pair.now, *pair.b.device.public_key());
    pair.b.receive(pair.now, from, std::span(&first, 1));
    REQUIRE(peer.cookie().consume(pair.now.boot,
                                  read_message<CookieReplyMessage>(pair.b.outbox.back().bytes)));
  }
  pair.b.outbox.clear();
  for (RawPeer& peer : peers) {
    Packet second = peer.initiation(pair.now, *pair.b.device.public_key());
    pair.b.receive(pair.now, from, std::span(&second, 1));
  }
  CHECK(pair.b.outbox.size() == 5);
  CHECK(pair.b.device.handshake_failures(HandshakeFailure::rate_limited) == 5);
  // Another source is not affected.
  RawPeer other(Kind::tun, 200);
  const auto elsewhere = endpoint("198.51.100.2:1");
  REQUIRE(pair.b.device.add_peer(pair.now, other.public_key()).has_value());
  Packet first = other.initiation(pair.now, *pair.b.device.public_key());
  pair.b.receive(pair.now, elsewhere, std::span(&first, 1));
  REQUIRE(other.cookie().consume(pair.now.boot,
                                 read_message<CookieReplyMessage>(pair.b.outbox.back().bytes)));
  pair.b.outbox.clear();
  Packet second = other.initiation(pair.now, *pair.b.device.public_key());
  pair.b.receive(pair.now, elsewhere, std::span(&second, 1));
  REQUIRE(pair.b.outbox.size() == 1);
  CHECK(type_of(pair.b.outbox[0]) == 2);
}

}  // namespace
}  // namespace warren::protocol
