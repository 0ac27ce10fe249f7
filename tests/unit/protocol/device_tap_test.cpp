// Ethernet among Warren peers: exact frame lengths, no exchange with TUN, the learning switch.
#include <catch2/catch_test_macros.hpp>

#include "support/pair.hpp"
#include "support/raw_peer.hpp"

namespace warren::protocol {
namespace {

using namespace test;
using base::Drop;

constexpr DeviceOptions kTap{.kind = Kind::tap, .hub = false, .mtu = 1420};

const base::MacAddress kA = mac("02:00:00:00:00:0a");
const base::MacAddress kB = mac("02:00:00:00:00:0b");
const base::MacAddress kC = mac("02:00:00:00:00:0c");
const base::MacAddress kAll = mac("ff:ff:ff:ff:ff:ff");

TEST_CASE("a frame of any length arrives with exactly that length") {
  Pair pair(kTap);
  pair.establish();
  for (std::size_t length = 14; length < 80; ++length) {
    pair.a.seal(pair.now, pair.to_b, frame(kA, kB, length, 5));
    CHECK((pair.a.outbox.at(0).bytes.size() - 32) % 16 == 0);
    pair.deliver();
    REQUIRE(pair.b.delivered.size() == 1);
    CHECK(pair.b.delivered[0].packet == frame(kA, kB, length, 5));
    pair.b.delivered.clear();
  }
  pair.a.seal(pair.now, pair.to_b, frame(kA, kB, 1434));
  pair.deliver();
  CHECK(pair.b.delivered.size() == 1);
}

TEST_CASE("a trailing byte that cannot be a padding count is a drop") {
  Node node(1, endpoint("192.0.2.1:1"), kTap);
  const base::Now now{.boot = base::Instant(1h), .wall = {}};
  node.start(now);
  RawPeer raw(Kind::tap, 2);
  REQUIRE(node.device.add_peer(now, raw.public_key()).has_value());
  REQUIRE(raw.establish(now, node, endpoint("192.0.2.2:2")));
  auto send = [&, counter = std::uint64_t{0}](Packet plaintext) mutable {
    node.receive(now, {.from = endpoint("192.0.2.2:2"),
                       .to = node.endpoint,
                       .bytes = raw.data(counter++, plaintext)});
  };
  for (const unsigned count : {0U, 17U, 255U}) {
    Packet plaintext = frame(kA, kB, 64);
    plaintext.back() = static_cast<std::byte>(count);
    send(plaintext);
  }
  send(Packet(1, std::byte{1}));    // no frame in it
  send(Packet(14, std::byte{1}));   // 13 bytes of frame
  send(Packet(16, std::byte{16}));  // nothing but padding
  CHECK(node.delivered.empty());
  CHECK(node.drops(Drop::in_malformed) == 6);
  send(Packet(15, std::byte{1}));
  CHECK(node.delivered.size() == 1);
}

TEST_CASE("a TAP peer and a TUN peer cannot complete a handshake") {
  for (const Kind initiator : {Kind::tun, Kind::tap}) {
    DeviceOptions options;
    options.kind = initiator == Kind::tun ? Kind::tap : Kind::tun;
    Node node(1, endpoint("192.0.2.1:1"), options);
    const base::Now now{.boot = base::Instant(1h), .wall = {}};
    node.start(now);
    RawPeer raw(initiator, 2);
    REQUIRE(node.device.add_peer(now, raw.public_key()).has_value());
    CHECK_FALSE(raw.establish(now, node, endpoint("192.0.2.2:2")));
    CHECK(node.device.handshake_failures(HandshakeFailure::other_kind) == 1);
  }
}

/// A switch with two peers; no traffic is needed to ask where frames go.
struct Switch {
  explicit Switch(bool hub) : node(1, endpoint("192.0.2.1:1"), {.kind = Kind::tap, .hub = hub}) {
    now.boot += 1h;
    node.start(now);
    RawPeer one(Kind::tap, 2);
    RawPeer other(Kind::tap, 3);
    first = node.device.add_peer(now, one.public_key()).value();
    second = node.device.add_peer(now, other.public_key()).value();
  }
  FrameTargets local(const base::MacAddress& from, const base::MacAddress& to) {
    return node.device.switch_local(now, frame(from, to, 60));
  }
  FrameTargets remote(PeerId peer, const base::MacAddress& from, const base::MacAddress& to) {
    return node.device.switch_remote(now, peer, frame(from, to, 60));
  }
  base::Now now{};
  Node node;
  PeerId first;
  PeerId second;
};

TEST_CASE("a frame to an unknown or a group address is flooded") {
  Switch device(false);
  CHECK(device.local(kA, kAll).flood);
  CHECK(device.local(kA, kB).flood);
}

TEST_CASE("a frame to a learned address goes to its peer only") {
  Switch device(false);
  device.remote(device.first, kB, kAll);
  const auto targets = device.local(kA, kB);
  CHECK(targets.peer == device.first);
  CHECK_FALSE(targets.flood);
  CHECK_FALSE(targets.local);
}

TEST_CASE("split horizon keeps frames of one peer from the others") {
  Switch device(false);
  device.remote(device.second, kC, kAll);
  for (const auto& to : {kAll, kC, kA}) {
    const auto targets = device.remote(device.first, kB, to);
    CHECK(targets.local);
    CHECK_FALSE(targets.flood);
    CHECK_FALSE(targets.peer.has_value());
  }
}

TEST_CASE("a hub floods to every other peer and never back to the sender") {
  Switch device(true);
  const auto targets = device.remote(device.first, kB, kAll);
  CHECK(targets.local);
  CHECK(targets.flood);
  CHECK(targets.except == device.first);
}

TEST_CASE("a hub forwards a frame to a learned address to its peer only") {
  Switch device(true);
  device.remote(device.second, kC, kAll);
  const auto targets = device.remote(device.first, kB, kC);
  CHECK(targets.peer == device.second);
  CHECK_FALSE(targets.local);
  CHECK_FALSE(targets.flood);
}

TEST_CASE("a hub keeps a frame to a station of its own side to itself") {
  Switch device(true);
  device.local(kA, kAll);
  const auto targets = device.remote(device.first, kB, kA);
  CHECK(targets.local);
  CHECK_FALSE(targets.flood);
}

TEST_CASE("a frame whose destination is where it came from goes nowhere") {
  Switch device(true);
  device.remote(device.first, kC, kAll);
  const auto targets = device.remote(device.first, kB, kC);
  CHECK_FALSE(targets.local);
  CHECK_FALSE(targets.flood);
  CHECK_FALSE(targets.peer.has_value());
  CHECK(device.node.drops(Drop::tap_same_port) == 1);
}

TEST_CASE("a station that moves from a peer to our side is found there") {
  Switch device(false);
  device.remote(device.first, kB, kAll);
  device.local(kB, kAll);
  CHECK_FALSE(device.local(kA, kB).peer.has_value());
}

TEST_CASE("the addresses behind a removed peer are forgotten") {
  Switch device(false);
  device.remote(device.first, kB, kAll);
  device.node.device.remove_peer(device.first);
  CHECK(device.local(kA, kB).flood);
}

TEST_CASE("a full share of the MAC table is counted and the frame passes") {
  Switch device(false);
  for (std::size_t i = 0; i < kMaxMacEntriesPerPeer + 3; ++i) {
    base::MacAddress from = kB;
    base::store_be(&from.bytes[2], static_cast<std::uint32_t>(i));
    CHECK(device.remote(device.first, from, kAll).local);
  }
  CHECK(device.node.drops(Drop::tap_mac_table_full) == 3);
}

TEST_CASE("a frame shorter than its header goes nowhere") {
  Switch device(true);
  CHECK_FALSE(device.node.device.switch_local(device.now, Packet(13)).flood);
  CHECK_FALSE(device.node.device.switch_remote(device.now, device.first, Packet(13)).local);
  CHECK(device.node.drops(Drop::out_malformed) == 1);
  CHECK(device.node.drops(Drop::in_malformed) == 1);
}

}  // namespace
}  // namespace warren::protocol
