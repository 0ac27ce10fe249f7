// The second cipher: devices that have it exchange data, those that differ never shake hands and
// say why, and its limits of messages hold.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <set>

#include <warren/protocol/messages.hpp>

#include "support/pair.hpp"
#include "support/raw_peer.hpp"

namespace warren::protocol {
namespace {

using namespace test;
using crypto::Cipher;

constexpr std::string_view kNoAes = "this CPU has no AES instructions";

DeviceOptions of_kind(Kind kind) {
  DeviceOptions options;
  options.kind = kind;
  return options;
}

std::uint64_t counter_of(const Datagram& datagram) {
  return base::load_le<std::uint64_t>(datagram.bytes.data() + offsetof(DataHeader, counter));
}

/// Of another suite than the responder's, as the responder says.
HandshakeFailure expected_failure(Suite initiator, Suite responder) {
  return initiator.cipher != responder.cipher ? HandshakeFailure::other_cipher
                                              : HandshakeFailure::other_kind;
}

TEST_CASE("two devices with AES-256-GCM exchange packets of any length both ways") {
  if (!crypto::is_available(Cipher::aes_256_gcm)) SKIP(kNoAes);
  Pair pair({}, 1, Cipher::aes_256_gcm);
  CHECK(pair.a.device.suite() == Suite{Kind::tun, Cipher::aes_256_gcm});
  pair.establish();
  for (std::size_t length = 40; length < 200; ++length) {
    pair.a.seal(pair.now, pair.to_b, pair.packet_to_b(length, 7));
    pair.b.seal(pair.now, pair.to_a, pair.packet_to_a(length, 9));
    pair.deliver();
    REQUIRE(pair.b.delivered.size() == 1);
    REQUIRE(pair.a.delivered.size() == 1);
    CHECK(pair.b.delivered[0].packet == pair.packet_to_b(length, 7));
    CHECK(pair.a.delivered[0].packet == pair.packet_to_a(length, 9));
    pair.a.delivered.clear();
    pair.b.delivered.clear();
  }
}

TEST_CASE("two TAP devices with AES-256-GCM exchange frames") {
  if (!crypto::is_available(Cipher::aes_256_gcm)) SKIP(kNoAes);
  Pair pair(of_kind(Kind::tap), 1, Cipher::aes_256_gcm);
  pair.establish();
  const Packet sent = frame(mac("02:00:00:00:00:0a"), mac("02:00:00:00:00:0b"), 61, 5);
  pair.a.seal(pair.now, pair.to_b, sent);
  pair.deliver();
  REQUIRE(pair.b.delivered.size() == 1);
  CHECK(pair.b.delivered[0].packet == sent);
}

TEST_CASE("a tampered packet is refused with AES-256-GCM too, and so is a replayed one") {
  if (!crypto::is_available(Cipher::aes_256_gcm)) SKIP(kNoAes);
  Pair pair({}, 1, Cipher::aes_256_gcm);
  pair.establish();
  pair.a.seal(pair.now, pair.to_b, pair.packet_to_b());
  Datagram datagram = pair.a.outbox.at(0);
  datagram.bytes.back() ^= std::byte{1};
  pair.b.receive(pair.now, datagram);
  CHECK(pair.b.drops(base::Drop::in_not_authentic) == 1);
  CHECK(pair.b.delivered.empty());
  pair.b.receive(pair.now, pair.a.outbox.at(0));
  pair.b.receive(pair.now, pair.a.outbox.at(0));
  CHECK(pair.b.delivered.size() == 1);
  CHECK(pair.b.drops(base::Drop::in_replayed) == 1);
}

TEST_CASE("devices of different suites never shake hands, and the responder says what differs") {
  if (!crypto::is_available(Cipher::aes_256_gcm)) SKIP(kNoAes);
  for (const Suite one : kSuites) {
    for (const Suite other : kSuites) {
      if (one == other) continue;
      CAPTURE(static_cast<int>(one.kind), static_cast<int>(one.cipher));
      CAPTURE(static_cast<int>(other.kind), static_cast<int>(other.cipher));
      Pair pair(of_kind(one.kind), of_kind(other.kind), 1, one.cipher, other.cipher);
      pair.a.seal(pair.now, pair.to_b, pair.packet_to_b());
      pair.advance(1s);
      CHECK(pair.b.device.handshake_failures(expected_failure(one, other)) == 1);
      CHECK(pair.b.device.handshake_failures(HandshakeFailure::decryption) == 0);
      // It names the peer that the initiator claims to be, and answers nothing.
      REQUIRE(pair.b.events.size() == 1);
      CHECK(pair.b.events[0].failure == expected_failure(one, other));
      CHECK(pair.b.events[0].peer == pair.to_a);
      CHECK(pair.b.device.status(pair.to_a).rx_bytes == 0);
      pair.advance(100s);
      CHECK(pair.a.device.handshakes_completed() == 0);
      CHECK(pair.b.device.handshakes_completed() == 0);
      // The initiator hears nothing and says so.
      CHECK(pair.a.device.handshake_failures(HandshakeFailure::timed_out) == 1);
      CHECK(pair.a.count(Event::Kind::handshake_retry) > 0);
    }
  }
}

/// A device that hears from a bare peer of another cipher which it knows.
struct Mismatch {
  Mismatch() : node(1, endpoint("192.0.2.1:1")), raw(Suite{Kind::tun, Cipher::aes_256_gcm}, 2) {
    now.boot += 1h;
    node.start(now);
    peer = node.device.add_peer(now, raw.public_key()).value();
  }
  void receive(Packet datagram) {
    node.receive(now, endpoint("192.0.2.2:2"), std::span(&datagram, 1));
  }
  std::uint64_t failures(HandshakeFailure failure) {
    return node.device.handshake_failures(failure);
  }
  base::Now now{};
  Node node;
  RawPeer raw;
  PeerId peer;
};

TEST_CASE("a stranger with another cipher is told apart, but not named") {
  if (!crypto::is_available(Cipher::aes_256_gcm)) SKIP(kNoAes);
  Mismatch mismatch;
  RawPeer stranger(Suite{Kind::tun, Cipher::aes_256_gcm}, 9);
  mismatch.receive(stranger.initiation(mismatch.now, *mismatch.node.device.public_key()));
  CHECK(mismatch.failures(HandshakeFailure::other_cipher) == 1);
  CHECK(mismatch.node.events.at(0).peer == std::nullopt);
  CHECK(mismatch.node.outbox.empty());
}

TEST_CASE("an initiation that opens in no suite stays a failed decryption") {
  if (!crypto::is_available(Cipher::aes_256_gcm)) SKIP(kNoAes);
  Mismatch mismatch;
  const crypto::PublicKey key = *mismatch.node.device.public_key();
  auto message = read_message<InitiationMessage>(mismatch.raw.initiation(mismatch.now, key));
  message.encrypted_static[0] ^= std::byte{1};
  Packet datagram(sizeof message);
  std::memcpy(datagram.data(), &message, sizeof message);
  mismatch.raw.cookie().add_macs(mismatch.now.boot, datagram);
  mismatch.receive(datagram);
  CHECK(mismatch.failures(HandshakeFailure::decryption) == 1);
  CHECK(mismatch.failures(HandshakeFailure::other_cipher) == 0);
}

TEST_CASE("under load no work goes into telling which suite an initiation is of") {
  if (!crypto::is_available(Cipher::aes_256_gcm)) SKIP(kNoAes);
  Mismatch mismatch;
  const crypto::PublicKey key = *mismatch.node.device.public_key();
  for (unsigned i = 0; i < kHandshakesUntilUnderLoad; ++i) {
    mismatch.receive(mismatch.raw.initiation(mismatch.now, key));
  }
  CHECK(mismatch.failures(HandshakeFailure::other_cipher) == kHandshakesUntilUnderLoad);
  // The next one is asked for a cookie; with it, it gets as far as decryption.
  mismatch.receive(mismatch.raw.initiation(mismatch.now, key));
  REQUIRE(mismatch.node.outbox.size() == 1);
  REQUIRE(mismatch.raw.cookie().consume(
      mismatch.now.boot, read_message<CookieReplyMessage>(mismatch.node.outbox[0].bytes)));
  mismatch.receive(mismatch.raw.initiation(mismatch.now, key));
  CHECK(mismatch.failures(HandshakeFailure::decryption) == 1);
  CHECK(mismatch.failures(HandshakeFailure::other_cipher) == kHandshakesUntilUnderLoad);
}

TEST_CASE("a device rekeys by the number of messages, from either end, and loses none") {
  const Cipher cipher = GENERATE(Cipher::chacha20_poly1305, Cipher::aes_256_gcm);
  const bool initiator_sends = GENERATE(true, false);
  if (!crypto::is_available(cipher)) SKIP(kNoAes);
  DeviceOptions options;
  options.message_limits = MessageLimits{.rekey_after = 50, .reject_after = 100};
  Pair pair(options, 1, cipher);
  pair.establish();
  // Handshakes keep 5 s apart: the first of them is old enough.
  pair.advance(kRekeyTimeout + kRekeyTimeoutJitterMax);
  Node& sender = initiator_sends ? pair.a : pair.b;
  Node& receiver = initiator_sends ? pair.b : pair.a;
  receiver.delivered.clear();
  const auto before = pair.a.device.handshakes_completed();
  std::uint64_t highest = 0;
  pair.filter = [&](const Datagram& datagram) {
    if (type_of(datagram) == 4 && datagram.from == sender.endpoint) {
      highest = std::max(highest, counter_of(datagram));
    }
    return true;
  };
  for (int i = 0; i < 60; ++i) {
    sender.seal(pair.now, initiator_sends ? pair.to_b : pair.to_a,
                initiator_sends ? pair.packet_to_b() : pair.packet_to_a());
    pair.deliver();
  }
  CHECK(pair.a.device.handshakes_completed() == before + 1);
  CHECK(highest <= 52);
  CHECK(receiver.delivered.size() == 60);
}

TEST_CASE("a device that cannot rekey stops at the limit of messages and keeps what comes after") {
  const Cipher cipher = GENERATE(Cipher::chacha20_poly1305, Cipher::aes_256_gcm);
  if (!crypto::is_available(cipher)) SKIP(kNoAes);
  DeviceOptions options;
  options.message_limits = MessageLimits{.rekey_after = 50, .reject_after = 100};
  Pair pair(options, 1, cipher);
  pair.establish();
  pair.advance(kRekeyTimeout + kRekeyTimeoutJitterMax);
  pair.b.delivered.clear();
  std::set<std::uint64_t> counters;
  bool cut = true;
  pair.filter = [&](const Datagram& datagram) {
    if (type_of(datagram) == 4) return datagram.from == pair.a.endpoint;
    return !cut;
  };
  const auto send = [&](int count) {
    for (int i = 0; i < count; ++i) {
      pair.a.seal(pair.now, pair.to_b, pair.packet_to_b());
      for (const Datagram& datagram : pair.a.outbox) {
        if (type_of(datagram) == 4) CHECK(counters.insert(counter_of(datagram)).second);
      }
      pair.deliver();
    }
  };
  send(120);
  CHECK(*counters.rbegin() == 99);
  const std::size_t arrived = pair.b.delivered.size();
  const std::size_t waiting = pair.a.device.status(pair.to_b).staged_packets;
  CHECK(waiting > 0);
  CHECK(arrived + waiting == 120);
  // Once handshakes pass again, what waited arrives.
  cut = false;
  pair.advance(kRekeyTimeout + 2 * kRekeyTimeoutJitterMax);
  CHECK(pair.b.delivered.size() == 120);
}

}  // namespace
}  // namespace warren::protocol
