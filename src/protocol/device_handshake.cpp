// Handshake messages, in and out. A message is checked in the order of what the check costs: mac1
// first, which only somebody who knows our public key can make; under load a cookie, which proves
// the source address, then the limit for that source; Diffie-Hellman last. White paper,
// sections 5.3 and 5.4.
//
// An initiation that we sent stays valid while we answer one from the same peer: when both sides
// begin at once, both handshakes complete, and Keypairs keeps both sessions.
#include <algorithm>
#include <cstddef>
#include <utility>

#include <warren/base/assert.hpp>
#include <warren/protocol/device.hpp>

#include "device_state.hpp"

namespace warren::protocol {

// ---- out
// -------------------------------------------------------------------------------------------

void Device::State::request_handshake(base::Now now, Peer& peer, bool is_retry) noexcept {
  if (!up || !identity || !peer.path) return;
  if (!is_retry) peer.attempts_began = now.boot;
  if (peer.initiation_wanted) return;
  if (peer.handshake_sent && now.boot - *peer.handshake_sent < kRekeyTimeout) {
    // Too soon after the last one. Where no timer would ask again, let it.
    if (!peer.timers.pending(Timer::retransmit_handshake)) {
      arm(peer, Timer::retransmit_handshake, *peer.handshake_sent + kRekeyTimeout + jitter());
    }
    return;
  }
  peer.initiation_wanted = true;
  owed.push(peer);
}

std::optional<Transmit> Device::State::transmit_initiation(base::Now now, Peer& peer,
                                                           base::Bytes out) {
  peer.handshake_sent = now.boot;
  drop_initiation(peer);
  const SessionIndex index = indices.insert(random, {.peer = &peer});
  InitiationMessage message;
  auto pending = create_initiation(suite(), *identity, peer.keys(), peer.timestamps.next(now.wall),
                                   index, random, message);
  if (!pending) {
    indices.erase(index);
    fail(pending.error(), peer.path->remote, peer.id);
    return std::nullopt;
  }
  peer.initiation = std::make_unique<PendingInitiation>(std::move(*pending));
  peer.initiation_sent = now.boot;
  const base::Bytes bytes = std::as_writable_bytes(std::span(&message, 1));
  peer.cookie.add_macs(now.boot, bytes);
  std::memcpy(out.data(), bytes.data(), bytes.size());

  peer.tx_bytes += bytes.size();
  authentic_sent(now, peer);
  // The last attempt ends when the time for attempts does.
  arm(peer, Timer::retransmit_handshake,
      std::min(now.boot + kRekeyTimeout + jitter(), peer.attempts_began + kRekeyAttemptTime));
  return Transmit{.path = *peer.path, .length = bytes.size(), .peer = peer.id};
}

void Device::State::reply(const base::Path& to, std::optional<PeerId> peer,
                          base::ConstBytes message) noexcept {
  Reply reply{.transmit = {.path = to, .length = message.size(), .peer = peer}};
  std::memcpy(reply.bytes.data(), message.data(), message.size());
  replies.push(reply);  // full: the initiator tries again
}

// ---- in
// --------------------------------------------------------------------------------------------

void Device::State::fail(HandshakeFailure failure, const base::Endpoint& remote,
                         std::optional<PeerId> peer) noexcept {
  ++failures[static_cast<std::size_t>(failure)];
  events.push(Event{
      .kind = Event::Kind::handshake_failed, .peer = peer, .remote = remote, .failure = failure});
}

void Device::State::fail_received(HandshakeFailure failure, const base::Endpoint& remote,
                                  std::optional<PeerId> peer) noexcept {
  if (events.size() < kMaxRefusalEvents) {
    fail(failure, remote, peer);
  } else {
    ++failures[static_cast<std::size_t>(failure)];
  }
}

void Device::State::refuse(HandshakeFailure failure, const base::Path& from,
                           std::optional<PeerId> peer) noexcept {
  drops.add(base::Drop::in_handshake);
  fail_received(failure, from.remote, peer);
}

void Device::State::receive_handshake(base::Now now, const base::Path& from, MessageType type,
                                      base::ConstBytes datagram) noexcept {
  if (type == MessageType::cookie_reply) {
    receive_cookie(now, from, datagram);
    return;
  }
  // Initiation and response have the sender's index in the same place.
  static_assert(offsetof(InitiationMessage, sender) == offsetof(ResponseMessage, sender));
  const SessionIndex sender(
      base::load_le<std::uint32_t>(datagram.data() + offsetof(InitiationMessage, sender)));
  if (!admit(now, from, datagram, sender)) return;
  if (type == MessageType::initiation) {
    receive_initiation(now, from, datagram);
  } else {
    receive_response(now, from, datagram);
  }
}

/// Whether the message is worth Diffie-Hellman.
bool Device::State::admit(base::Now now, const base::Path& from, base::ConstBytes datagram,
                          SessionIndex sender) noexcept {
  if (!cookies.mac1_is_right(datagram)) {
    refuse(HandshakeFailure::wrong_mac1, from, std::nullopt);
    return false;
  }
  if (now.boot - load_window_began >= std::chrono::seconds(1)) {
    load_window_began = now.boot;
    load_window_count = 0;
  }
  if (++load_window_count > kHandshakesUntilUnderLoad) {
    under_load_until = now.boot + std::chrono::seconds(1);
  }
  if (!is_under_load(now)) return true;

  const auto mac2 = cookies.check_mac2(now.boot, random, datagram, from.remote);
  if (mac2 != CookieChecker::Mac2::right) {
    reply(from, std::nullopt,
          bytes_of_message(cookies.reply(now.boot, random, datagram, sender, from.remote)));
    refuse(mac2 == CookieChecker::Mac2::absent ? HandshakeFailure::under_load
                                               : HandshakeFailure::wrong_mac2,
           from, std::nullopt);
    return false;
  }
  if (!limiter.allow(now.boot, from.remote.address)) {
    refuse(HandshakeFailure::rate_limited, from, std::nullopt);
    return false;
  }
  return true;
}

void Device::State::receive_initiation(base::Now now, const base::Path& from,
                                       base::ConstBytes datagram) noexcept {
  const auto message = read_message<InitiationMessage>(datagram);
  auto opened = open_initiation(suite(), *identity, message);
  if (!opened) return refuse_unopened(now, from, opened.error(), message);
  const auto known = peers_by_key.find(opened->remote_static);
  if (known == peers_by_key.end()) {
    return refuse(HandshakeFailure::unknown_peer, from, std::nullopt);
  }
  Peer& peer = *known->second;
  const auto timestamp = read_timestamp(*opened, peer.static_static, message);
  if (!timestamp) return refuse(timestamp.error(), from, peer.id);
  if (*timestamp <= peer.newest_timestamp) {
    return refuse(HandshakeFailure::old_timestamp, from, peer.id);
  }
  if (peer.initiation_consumed && now.boot - *peer.initiation_consumed < kInitiationsMinGap) {
    return refuse(HandshakeFailure::too_frequent, from, peer.id);
  }
  peer.newest_timestamp = *timestamp;
  peer.initiation_consumed = now.boot;

  const SessionIndex remote_index = opened->remote_index;
  const SessionIndex index = indices.insert(random, {.peer = &peer});
  ResponseMessage response;
  auto session_keys =
      create_response(std::move(*opened), peer.preshared_key, index, random, response);
  if (!session_keys) {
    indices.erase(index);
    return refuse(session_keys.error(), from, peer.id);
  }
  peer.rx_bytes += datagram.size();
  follow(peer, from);
  const base::Bytes bytes = std::as_writable_bytes(std::span(&response, 1));
  peer.cookie.add_macs(now.boot, bytes);
  begin_session(now, peer, *session_keys, index, remote_index, false);
  peer.handshake_sent = now.boot;
  authentic_received(now, peer);
  authentic_sent(now, peer);
  peer.tx_bytes += bytes.size();
  reply(from, peer.id, bytes);
}

/// Refuses an initiation whose sender could not be read. Where it is one of another suite, the
/// operator is told so: nothing else would say why two ends never find together. The sender is told
/// nothing, as it has proven nothing.
void Device::State::refuse_unopened(base::Now now, const base::Path& from, HandshakeFailure failure,
                                    const InitiationMessage& message) noexcept {
  if (failure != HandshakeFailure::decryption || is_under_load(now)) {
    return refuse(failure, from, std::nullopt);
  }
  const auto foreign = recognise_initiation(suite(), *identity, message);
  if (!foreign) return refuse(failure, from, std::nullopt);
  const auto known = peers_by_key.find(foreign->remote_static);
  refuse(foreign->suite.cipher != suite().cipher ? HandshakeFailure::other_cipher
                                                 : HandshakeFailure::other_kind,
         from, known == peers_by_key.end() ? std::nullopt : std::optional(known->second->id));
}

void Device::State::receive_response(base::Now now, const base::Path& from,
                                     base::ConstBytes datagram) noexcept {
  const auto message = read_message<ResponseMessage>(datagram);
  const IndexTable::Entry* entry = indices.find(index_of(message.receiver));
  if (entry == nullptr || entry->session != nullptr) {
    return refuse(HandshakeFailure::unknown_index, from, std::nullopt);
  }
  Peer& peer = *entry->peer;
  WARREN_ASSERT(peer.initiation != nullptr, "index {} of peer {} names no handshake",
                index_of(message.receiver).value(), peer.id.value());
  auto session_keys = consume_response(*peer.initiation, *identity, peer.preshared_key, message);
  if (!session_keys) return refuse(session_keys.error(), from, peer.id);

  const SessionIndex index = peer.initiation->index;
  peer.initiation.reset();  // the index lives on as the session's
  peer.rx_bytes += datagram.size();
  follow(peer, from);
  authentic_received(now, peer);
  peer.handshake_duration = now.boot - peer.initiation_sent;
  begin_session(now, peer, *session_keys, index, index_of(message.sender), true);
  handshake_complete(now, peer);
  // Our first packet tells the responder that it may use the session: a keepalive if nothing waits.
  want_keepalive(peer);
}

void Device::State::receive_cookie(base::Now now, const base::Path& from,
                                   base::ConstBytes datagram) noexcept {
  const auto message = read_message<CookieReplyMessage>(datagram);
  const IndexTable::Entry* entry = indices.find(index_of(message.receiver));
  if (entry == nullptr) return refuse(HandshakeFailure::unknown_index, from, std::nullopt);
  // The endpoint does not follow: a cookie reply proves nothing about its sender's address.
  if (!entry->peer->cookie.consume(now.boot, message)) {
    return refuse(HandshakeFailure::bad_cookie, from, entry->peer->id);
  }
  entry->peer->rx_bytes += datagram.size();
}

void Device::State::begin_session(base::Now now, Peer& peer, const SessionKeys& session_keys,
                                  SessionIndex local, SessionIndex remote, bool initiator) {
  auto session = std::make_unique<Session>(
      aead, session_keys,
      Session::Parameters{
          .local_index = local,
          .remote_index = remote,
          .initiator = initiator,
          .created = now.boot,
          .limits = options.message_limits.value_or(message_limits(aead.cipher()))});
  indices.set_session(local, session.get());
  retire(peer.keypairs.add(std::move(session)));
  arm(peer, Timer::zero_key_material, now.boot + kZeroKeysAfterTime);
}

/// A session was confirmed by both sides.
void Device::State::handshake_complete(base::Now now, Peer& peer) noexcept {
  disarm(peer, Timer::retransmit_handshake);
  peer.initiation_wanted = false;
  peer.rekey_on_receive_asked = false;
  peer.last_handshake = now.wall;
  ++handshakes_completed;
  events.push(Event{.kind = Event::Kind::handshake_completed,
                    .peer = peer.id,
                    .remote = peer.path ? peer.path->remote : base::Endpoint{}});
}

}  // namespace warren::protocol
