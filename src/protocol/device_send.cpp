// Theory of operation, outward. `route` names the peer, once for all segments of a super-packet;
// `seal` takes the batch. Header, padding and tag surround each packet where it lies, so nothing is
// copied; a whole batch takes its counters in one step, and the AEAD gets bursts of jobs, which is
// what lets it run several packets through one vector unit.
//
// Without a usable session the packets are copied aside (staged) and a handshake is asked for. Once
// it completes they leave through poll_transmit, in front of whatever is sealed afterwards: the
// owner drains poll_transmit before it seals again. Everything that is not bulk data leaves through
// poll_transmit: replies are built when the message arrives, initiations and keepalives when they
// are polled, so that a burst of a thousand peers coming up costs no memory.
#include <algorithm>

#include <warren/base/assert.hpp>
#include <warren/packet/ecn.hpp>
#include <warren/packet/ip_view.hpp>
#include <warren/protocol/device.hpp>

#include "device_state.hpp"

namespace warren::protocol {

static_assert(kDataHeaderBytes == sizeof(DataHeader));
static_assert(crypto::kTagBytes == kTagSize);

/// Bytes of plaintext that `length` bytes of packet become.
std::size_t Device::State::padded_length(std::size_t length) const noexcept {
  // tap: at least one byte, which holds the number of bytes added. An empty packet stays a
  // keepalive.
  if (options.kind == Kind::tap) {
    return length == 0 ? 0 : (length / kPaddingMultiple + 1) * kPaddingMultiple;
  }
  const std::size_t padded = (length + kPaddingMultiple - 1) / kPaddingMultiple * kPaddingMultiple;
  // Not beyond the MTU, which need not be a multiple of 16; a longer packet is not padded at all.
  return std::max(length, std::min<std::size_t>(padded, options.mtu));
}

std::size_t Device::datagram_length(std::size_t length) const noexcept {
  return sizeof(DataHeader) + state_->padded_length(length) + kTagSize;
}

/// Writes header and padding around a packet at room + kDataHeaderBytes and describes its
/// encryption in place. Returns the length of the datagram.
std::size_t Device::State::prepare(const Session& session, std::uint64_t counter, std::byte* room,
                                   std::size_t length, crypto::AeadJob& job) const noexcept {
  DataHeader header{.type = type_field(MessageType::data),
                    .receiver = index_field(session.remote_index()),
                    .counter = {}};
  base::store_le(header.counter.data(), counter);
  std::memcpy(room, &header, sizeof header);
  std::byte* plaintext = room + sizeof header;
  const std::size_t padded = padded_length(length);
  std::memset(plaintext + length, 0, padded - length);
  if (options.kind == Kind::tap && padded > length) {
    plaintext[padded - 1] = static_cast<std::byte>(padded - length);
  }
  job = crypto::AeadJob{
      .key = &session.send_key(), .counter = counter, .in = {plaintext, padded}, .out = plaintext};
  return sizeof header + padded + kTagSize;
}

void Device::State::stage(base::Now now, Peer& peer, std::span<const SealItem> items) noexcept {
  for (const SealItem& item : items) {
    const std::size_t before = peer.staged.count();
    const auto result = peer.staged.push(arena, item.room.subspan(kDataHeaderBytes, item.length));
    // What was lost is what is missing from one more than there was.
    if (result != StagedPackets::Push::stored) {
      drops.add(base::Drop::out_staged_overflow, before + 1 - peer.staged.count());
    }
  }
  request_handshake(now, peer, false);
}

std::expected<PeerId, base::Drop> Device::route(base::ConstBytes packet) noexcept {
  State& state = *state_;
  base::Drop drop = base::Drop::out_malformed;
  if (const auto view = packet::IpView::parse(packet)) {
    if (const auto peer = state.allowed_ips.lookup(view->destination())) return *peer;
    drop = base::Drop::out_no_route;
  }
  state.drops.add(drop);
  return std::unexpected(drop);
}

std::optional<base::Path> Device::seal(base::Now now, PeerId id,
                                       std::span<SealItem> items) noexcept {
  State& state = *state_;
  Peer* peer = state.find(id);
  const auto drop_all = [&](base::Drop drop) {
    state.drops.add(drop, items.size());
    return std::nullopt;
  };
  if (!state.up) return drop_all(base::Drop::out_interface_down);
  if (peer == nullptr) return drop_all(base::Drop::out_no_route);
  if (!state.identity) return drop_all(base::Drop::out_no_key);
  if (!peer->path) return drop_all(base::Drop::out_no_endpoint);
  if (items.empty()) return std::nullopt;

  Session* session = peer->usable_session(now.boot);
  const auto first = session != nullptr ? session->take_counters(items.size()) : std::nullopt;
  if (session == nullptr || !first) {
    state.stage(now, *peer, items);
    return std::nullopt;
  }

  std::uint64_t counter = *first;
  std::array<crypto::AeadJob, kAeadBurst> jobs;
  for (std::size_t done = 0; done < items.size();) {
    const auto burst = items.subspan(done, std::min(kAeadBurst, items.size() - done));
    for (std::size_t i = 0; i < burst.size(); ++i) {
      SealItem& item = burst[i];
      WARREN_ASSERT(item.room.size() >= datagram_length(item.length),
                    "room={} length={}", item.room.size(), item.length);
      item.datagram_length =
          state.prepare(*session, counter++, item.room.data(), item.length, jobs[i]);
      peer->tx_bytes += item.datagram_length;
    }
    state.aead.seal(std::span(jobs).first(burst.size()));
    done += burst.size();
  }
  state.authentic_sent(now, *peer);
  state.data_sent(now, *peer);
  state.rekey_if_due_on_send(now, *peer);
  return peer->path;
}

void Device::State::rekey_if_due_on_send(base::Now now, Peer& peer) noexcept {
  const Session* session = peer.keypairs.current();
  if (session != nullptr && session->wants_rekey_on_send(now.boot)) {
    request_handshake(now, peer, false);
  }
}

// ---- the slow lane
// ---------------------------------------------------------------------------------

void Device::State::want_keepalive(Peer& peer) noexcept {
  peer.keepalive_wanted = true;
  owed.push(peer);
}

std::optional<Transmit> Device::poll_transmit(base::Now now, base::Bytes out) {
  State& state = *state_;
  if (!state.replies.empty()) {
    const State::Reply& reply = state.replies.front();
    const Transmit transmit = reply.transmit;
    std::memcpy(out.data(), reply.bytes.data(), transmit.length);
    state.replies.pop();
    return transmit;
  }
  while (Peer* peer = state.owed.front()) {
    if (auto transmit = state.transmit_for(now, *peer, out)) return transmit;
    state.owed.remove(*peer);
    // A keepalive or staged packet found the session's counters used up and asked for a handshake
    // while the peer was listed. This ends: the next look takes the wish away, and sending an
    // initiation, or failing to, keeps another from being asked for.
    if (peer->initiation_wanted) state.owed.push(*peer);
  }
  return std::nullopt;
}

bool Device::may_transmit() const noexcept {
  return !state_->replies.empty() || state_->owed.front() != nullptr;
}

/// One datagram that the peer is owed; empty when there is no more.
std::optional<Transmit> Device::State::transmit_for(base::Now now, Peer& peer, base::Bytes out) {
  if (!up || !identity || !peer.path) {
    peer.initiation_wanted = false;
    peer.keepalive_wanted = false;
    return std::nullopt;
  }
  Session* session = peer.usable_session(now.boot);
  if (session == nullptr && peer.keepalive_wanted) {
    // The session that comes of this begins with a keepalive.
    peer.keepalive_wanted = false;
    request_handshake(now, peer, false);
  }
  if (peer.initiation_wanted) {
    peer.initiation_wanted = false;
    if (auto transmit = transmit_initiation(now, peer, out)) return transmit;
  }
  if (session == nullptr) return std::nullopt;

  while (!peer.staged.empty()) {
    const std::size_t length = peer.staged.front_length();
    peer.keepalive_wanted = false;  // data says the same
    if (kDataHeaderBytes + length + kSealTailBytes <= out.size()) {
      return transmit_data(now, peer, *session, length, out);
    }
    drop_staged(peer, base::Drop::out_too_big);  // the MTU shrank meanwhile
  }
  if (!peer.keepalive_wanted) return std::nullopt;
  peer.keepalive_wanted = false;
  return transmit_data(now, peer, *session, 0, out);
}

/// Seals the oldest staged packet, or a keepalive when `length` is 0.
std::optional<Transmit> Device::State::transmit_data(base::Now now, Peer& peer, Session& session,
                                                     std::size_t length, base::Bytes out) {
  const auto counter = session.take_counters(1);
  if (!counter) {
    request_handshake(now, peer, false);
    return std::nullopt;
  }
  std::byte* packet = out.data() + kDataHeaderBytes;
  std::uint8_t ecn = 0;
  if (length > 0) {
    peer.staged.pop_into(arena, packet);
    ecn = packet::ecn_of({packet, length}, framing());
  }
  crypto::AeadJob job;
  const std::size_t datagram_length = prepare(session, *counter, out.data(), length, job);
  aead.seal(std::span(&job, 1));
  peer.tx_bytes += datagram_length;
  authentic_sent(now, peer);
  if (length > 0) data_sent(now, peer);
  rekey_if_due_on_send(now, peer);
  return Transmit{.path = *peer.path, .length = datagram_length, .peer = peer.id, .ecn = ecn};
}

}  // namespace warren::protocol
