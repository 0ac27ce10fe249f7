// The timers: what arms and disarms each of them (the first half), and what each does when it
// expires (the second). Theory of operation: a peer has at most five deadlines, and the device one
// heap over its peers (timers.hpp). Nothing ticks: an idle device without persistent keepalives
// ends with no deadline at all. Expired timers only ask; poll_transmit sends, at leisure.
#include <algorithm>

#include <warren/protocol/device.hpp>

#include "device_state.hpp"

namespace warren::protocol {

void Device::State::arm(Peer& peer, Timer timer, base::Instant at) noexcept {
  peer.timers.set(timer, at);
  timers.schedule(peer);
}

void Device::State::disarm(Peer& peer, Timer timer) noexcept {
  if (!peer.timers.pending(timer)) return;
  peer.timers.clear(timer);
  timers.schedule(peer);
}

base::Duration Device::State::jitter() noexcept {
  // SplitMix64. No secret: it only keeps two peers from answering each other in step for ever.
  std::uint64_t z = jitter_state += 0x9e37'79b9'7f4a'7c15U;
  z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9U;
  z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11ebU;
  z ^= z >> 31;
  const auto range = static_cast<std::uint64_t>(base::Duration(kRekeyTimeoutJitterMax).count());
  return base::Duration(static_cast<std::int64_t>(z % (range + 1)));
}

// ---- what happens to a peer
// ------------------------------------------------------------------------

/// Data, not a keepalive, went out: something authentic ought to come back before long.
void Device::State::data_sent(base::Now now, Peer& peer) noexcept {
  if (peer.timers.pending(Timer::new_handshake)) return;
  arm(peer, Timer::new_handshake, now.boot + kKeepaliveTimeout + kRekeyTimeout + jitter());
}

/// Data, not a keepalive, came in: something ought to go back before long.
void Device::State::data_received(base::Now now, Peer& peer) noexcept {
  if (peer.timers.pending(Timer::send_keepalive)) return;
  arm(peer, Timer::send_keepalive, now.boot + kKeepaliveTimeout);
}

/// Anything authentic went out: data, keepalives and both handshake messages.
void Device::State::authentic_sent(base::Now now, Peer& peer) noexcept {
  disarm(peer, Timer::send_keepalive);
  if (peer.persistent_keepalive > base::Duration(0)) {
    arm(peer, Timer::persistent_keepalive, now.boot + peer.persistent_keepalive);
  }
}

/// Anything authentic came in.
void Device::State::authentic_received(base::Now now, Peer& peer) noexcept {
  disarm(peer, Timer::new_handshake);
  if (peer.persistent_keepalive > base::Duration(0)) {
    arm(peer, Timer::persistent_keepalive, now.boot + peer.persistent_keepalive);
  }
}

// ---- what expired timers do
// ------------------------------------------------------------------------

void Device::State::expire_retransmit(base::Now now, Peer& peer) noexcept {
  if (now.boot - peer.attempts_began >= kRekeyAttemptTime) {
    disarm(peer, Timer::send_keepalive);
    drop_staged(peer, base::Drop::out_handshake_gave_up);
    if (!peer.timers.pending(Timer::zero_key_material)) {
      arm(peer, Timer::zero_key_material, now.boot + kZeroKeysAfterTime);
    }
    fail(HandshakeFailure::timed_out, peer.path ? peer.path->remote : base::Endpoint{}, peer.id);
    return;
  }
  if (peer.path) {
    // The source may be what is wrong: let routing choose again.
    peer.path->local.reset();
    events.push(
        Event{.kind = Event::Kind::handshake_retry, .peer = peer.id, .remote = peer.path->remote});
  }
  request_handshake(now, peer, true);
}

void Device::State::expire(base::Now now, Peer& peer, Timer timer) noexcept {
  switch (timer) {
    case Timer::retransmit_handshake:
      expire_retransmit(now, peer);
      break;
    case Timer::send_keepalive:
      want_keepalive(peer);
      break;
    case Timer::new_handshake:
      if (peer.path) peer.path->local.reset();
      request_handshake(now, peer, false);
      break;
    case Timer::zero_key_material:
      drop_initiation(peer);
      retire(peer.keypairs.clear());
      break;
    case Timer::persistent_keepalive:
      if (!peer.path) break;  // set_endpoint starts it again
      want_keepalive(peer);
      // Sending moves this. It stays armed in case nothing can be sent just now.
      arm(peer, Timer::persistent_keepalive, now.boot + peer.persistent_keepalive);
      break;
  }
}

void Device::handle_timeout(base::Now now) {
  State& state = *state_;
  while (Peer* peer = state.timers.next_due(now.boot)) {
    while (const auto timer = peer->timers.take_due(now.boot)) state.expire(now, *peer, *timer);
    state.timers.schedule(*peer);
  }
}

std::optional<base::Instant> Device::poll_timeout() const noexcept {
  return state_->timers.next();
}

}  // namespace warren::protocol
