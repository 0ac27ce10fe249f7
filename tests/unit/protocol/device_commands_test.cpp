// Configuration: keys, peers, up and down.
#include <catch2/catch_test_macros.hpp>

#include "support/pair.hpp"

namespace warren::protocol {
namespace {

using namespace test;

crypto::SecretKey new_key(Node& node) {
  return crypto::generate_secret_key(node.random().source());
}

TEST_CASE("removing a peer ends its sessions, its timers and its networks") {
  Pair pair;
  pair.establish();
  pair.b.send(pair.now, pair.packet_to_a());
  pair.a.device.remove_peer(pair.to_b);
  pair.deliver();
  CHECK(pair.a.delivered.empty());
  CHECK(pair.a.drops(base::Drop::in_unknown_index) == 1);
  CHECK_FALSE(pair.a.device.poll_timeout().has_value());
  CHECK_FALSE(pair.a.device.route(pair.packet_to_b()).has_value());
  CHECK(pair.a.device.peer_count() == 0);
  CHECK_FALSE(pair.a.device.find_peer(*pair.b.device.public_key()).has_value());
}

TEST_CASE("the id of a removed peer is never used again") {
  Pair pair;
  const auto key = *pair.b.device.public_key();
  pair.a.device.remove_peer(pair.to_b);
  CHECK(pair.a.device.add_peer(pair.now, key).value() > pair.to_b);
}

TEST_CASE("a peer with packets waiting and a handshake under way can be removed") {
  Pair pair;
  for (int i = 0; i < 5; ++i) pair.a.send(pair.now, pair.packet_to_b());
  pair.a.device.remove_peer(pair.to_b);
  pair.deliver();
  pair.advance(10min);
  CHECK(pair.a.device.handshakes_completed() == 0);
  CHECK_FALSE(pair.a.device.poll_timeout().has_value());
}

TEST_CASE("a new private key ends all sessions") {
  Pair pair;
  pair.establish();
  pair.b.send(pair.now, pair.packet_to_a());
  pair.a.device.set_private_key(pair.now, new_key(pair.a));
  pair.deliver();
  CHECK(pair.a.delivered.empty());
  CHECK_FALSE(pair.a.device.status(pair.to_b).session_established);
  CHECK_FALSE(pair.a.send(pair.now, pair.packet_to_b()));
}

TEST_CASE("traffic flows again after both sides know a new private key") {
  Pair pair;
  pair.establish();
  pair.a.device.set_private_key(pair.now, new_key(pair.a));
  pair.b.device.remove_peer(pair.to_a);
  const auto peer = pair.b.device.add_peer(pair.now, *pair.a.device.public_key()).value();
  pair.b.device.allow_ip(peer, network("10.0.0.1/32"));
  pair.a.send(pair.now, pair.packet_to_b());
  pair.deliver();
  CHECK(pair.b.delivered.size() == 1);
}

TEST_CASE("the same private key again changes nothing") {
  Pair pair;
  pair.establish();
  pair.a.device.set_private_key(pair.now, pair.a.device.private_key()->clone());
  CHECK(pair.a.send(pair.now, pair.packet_to_b()));
}

TEST_CASE("a peer that has our new public key as its own is removed") {
  Pair pair;
  const auto key = new_key(pair.a);
  const auto peer = pair.a.device.add_peer(pair.now, crypto::public_key_of(key)).value();
  pair.a.device.set_private_key(pair.now, key.clone());
  CHECK(pair.a.device.peers() == std::vector{pair.to_b});
  CHECK_FALSE(pair.a.device.find_peer(crypto::public_key_of(key)).has_value());
  CHECK(pair.a.device.status(peer).public_key.is_zero());
}

TEST_CASE("our own public key is no peer, and a known key is the known peer") {
  Pair pair;
  CHECK_FALSE(pair.a.device.add_peer(pair.now, *pair.a.device.public_key()).has_value());
  CHECK(pair.a.device.add_peer(pair.now, *pair.b.device.public_key()) == pair.to_b);
}

TEST_CASE("peers are listed in the order in which they were added") {
  Pair pair;
  std::vector<PeerId> expected{pair.to_b};
  for (int i = 0; i < 50; ++i) {
    expected.push_back(
        pair.a.device.add_peer(pair.now, crypto::public_key_of(new_key(pair.a))).value());
  }
  CHECK(pair.a.device.peers() == expected);
}

TEST_CASE("a preshared key takes effect at the next handshake") {
  Pair pair;
  pair.establish();
  const auto preshared = crypto::generate_preshared_key(pair.a.random().source());
  pair.a.device.set_preshared_key(pair.to_b, preshared.clone());
  CHECK(pair.a.send(pair.now, pair.packet_to_b()));
  pair.deliver();
  CHECK(pair.b.delivered.size() == 1);
  pair.advance(121s);
  pair.a.send(pair.now, pair.packet_to_b());
  pair.deliver();
  CHECK(pair.a.device.handshake_failures(HandshakeFailure::wrong_preshared_key) == 1);
  pair.b.device.set_preshared_key(pair.to_a, preshared.clone());
  pair.advance(6s);
  CHECK(pair.a.device.handshakes_completed() == 2);
  CHECK(pair.a.device.status(pair.to_b).has_preshared_key);
}

TEST_CASE("a device that is down sends nothing, receives nothing and has no timers") {
  Pair pair;
  pair.establish();
  pair.b.send(pair.now, pair.packet_to_a());
  pair.a.device.set_up(pair.now, false);
  pair.deliver();
  CHECK(pair.a.delivered.empty());
  CHECK(pair.a.drops(base::Drop::in_interface_down) == 1);
  CHECK_FALSE(pair.a.send(pair.now, pair.packet_to_b()));
  CHECK_FALSE(pair.a.device.poll_timeout().has_value());
  CHECK_FALSE(pair.a.device.status(pair.to_b).session_established);
  CHECK(pair.a.outbox.empty());
}

TEST_CASE("packets that wait when a device goes down are dropped and counted") {
  Pair pair;
  pair.a.send(pair.now, pair.packet_to_b());
  pair.a.device.set_up(pair.now, false);
  CHECK(pair.a.drops(base::Drop::out_interface_down) == 1);
}

TEST_CASE("traffic flows again after down and up") {
  Pair pair;
  pair.establish();
  pair.a.device.set_up(pair.now, false);
  pair.a.device.set_up(pair.now, true);
  pair.advance(1s);
  pair.a.send(pair.now, pair.packet_to_b());
  pair.deliver();
  CHECK(pair.b.delivered.size() == 1);
}

TEST_CASE("coming up starts the peers with a persistent keepalive and no others") {
  Pair pair;
  pair.a.device.set_up(pair.now, false);
  pair.a.device.set_persistent_keepalive(pair.now, pair.to_b, 25s);
  pair.a.drain(pair.now);
  CHECK(pair.a.outbox.empty());
  pair.a.device.set_up(pair.now, true);
  pair.a.drain(pair.now);
  CHECK(pair.a.outbox.size() == 1);
  pair.b.device.set_up(pair.now, false);
  pair.b.device.set_up(pair.now, true);
  pair.b.drain(pair.now);
  CHECK(pair.b.outbox.empty());
}

TEST_CASE("flushing sends what waits and starts nothing when nothing waits") {
  Pair pair;
  pair.a.device.flush_staged(pair.now, pair.to_b);
  pair.a.drain(pair.now);
  CHECK(pair.a.outbox.empty());
}

TEST_CASE("a packet staged under a larger MTU is dropped when it does not fit any more") {
  Pair pair;
  pair.a.send(pair.now, ip_packet(ip("10.0.0.1"), ip("10.0.0.2"), 9000));
  pair.deliver();
  CHECK(pair.b.delivered.empty());
  CHECK(pair.a.drops(base::Drop::out_too_big) == 1);
  CHECK(pair.a.device.handshakes_completed() == 1);
}

TEST_CASE("allowed IPs can be taken back and move between peers") {
  Pair pair;
  const auto other =
      pair.a.device.add_peer(pair.now, crypto::public_key_of(new_key(pair.a))).value();
  pair.a.device.allow_ip(other, network("10.0.0.2/32"));
  CHECK(pair.a.device.route(pair.packet_to_b()) == other);
  CHECK(pair.a.device.allowed_ips(pair.to_b) == std::vector{network("fd00::2/128")});
  pair.a.device.disallow_ip(pair.to_b, network("10.0.0.2/32"));
  CHECK(pair.a.device.route(pair.packet_to_b()) == other);
  pair.a.device.disallow_ip(other, network("10.0.0.2/32"));
  CHECK_FALSE(pair.a.device.route(pair.packet_to_b()).has_value());
  pair.a.device.clear_allowed_ips(pair.to_b);
  CHECK(pair.a.device.allowed_ips(pair.to_b).empty());
}

TEST_CASE("status tells of the last handshake") {
  Pair pair;
  CHECK_FALSE(pair.a.device.status(pair.to_b).last_handshake.has_value());
  pair.a.send(pair.now, pair.packet_to_b());
  pair.filter = [&](Datagram& datagram) {
    if (type_of(datagram) == 2) {
      pair.now.boot += 3ms;
      pair.now.wall += 3ms;
    }
    return true;
  };
  pair.deliver();
  const auto status = pair.a.device.status(pair.to_b);
  CHECK(status.last_handshake == pair.now.wall);
  CHECK(status.handshake_duration == 3ms);
  CHECK(status.session_established);
  CHECK_FALSE(pair.b.device.status(pair.to_a).handshake_duration.has_value());
}

}  // namespace
}  // namespace warren::protocol
