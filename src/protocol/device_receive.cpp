// Theory of operation, inward. `open` takes the datagrams of one receive, in order. Neighbours that
// are transport data are gathered into a burst and decrypted together, in place; anything else ends
// the burst first, so that data which follows a handshake response finds the new session.
//
// What is done with a packet, in this order, each step only for what survived the one before:
//   the receiver index names a session that has not expired,
//   the tag is right,
//   the counter is new: only now, or forged packets could move the replay window,
//   the peer's endpoint follows to where the packet came from; the session is confirmed; timers,
//   tun: the IP header is consistent and its length within the plaintext (the rest is padding),
//        and the inner source belongs to this peer by longest match over all peers,
//   tap: the last byte tells the padding,
//   the outer header's congestion mark is carried over.
#include <warren/packet/ecn.hpp>
#include <warren/packet/ip_view.hpp>
#include <warren/protocol/device.hpp>

#include "device_state.hpp"

namespace warren::protocol {

/// Transport data that waits for decryption.
struct Device::State::Burst {
  struct Entry {
    OpenItem* item;
    IndexTable::Entry target;
    SessionIndex index;
    std::uint64_t counter;
  };
  std::array<crypto::AeadJob, kAeadBurst> jobs;
  std::array<Entry, kAeadBurst> entries;
  std::size_t count = 0;
  /// What the latest index named: in a batch it is nearly always the same one. Not valid once a
  /// session died, and the handshakes between two bursts can do that.
  SessionIndex last_index;
  IndexTable::Entry last_target;
};

void Device::open(base::Now now, const base::Path& from, std::span<OpenItem> items) noexcept {
  State& state = *state_;
  for (OpenItem& item : items) {
    item.packet = {};
    item.peer = {};
  }
  if (!state.up) {
    state.drops.add(base::Drop::in_interface_down, items.size());
    return;
  }
  State::Burst burst;
  for (OpenItem& item : items) {
    const auto type = classify(item.datagram);
    if (!type) {
      state.drops.add(type.error());
      if (type.error() == base::Drop::in_bad_length &&
          item.datagram[0] != static_cast<std::byte>(MessageType::data)) {
        state.fail_received(HandshakeFailure::malformed, from.remote, std::nullopt);
      }
    } else if (!state.identity) {
      state.drops.add(base::Drop::in_no_key);
      if (*type != MessageType::data) {
        state.fail_received(HandshakeFailure::no_private_key, from.remote, std::nullopt);
      }
    } else if (*type == MessageType::data) {
      if (burst.count == kAeadBurst) state.finish(now, from, burst);
      state.gather(now, item, burst);
    } else {
      state.finish(now, from, burst);
      state.receive_handshake(now, from, *type, item.datagram);
    }
  }
  state.finish(now, from, burst);
}

void Device::State::gather(base::Now now, OpenItem& item, Burst& burst) noexcept {
  const auto header = read_message<DataHeader>(item.datagram);
  const SessionIndex index = index_of(header.receiver);
  if (burst.last_target.session == nullptr || burst.last_index != index) {
    const IndexTable::Entry* found = indices.find(index);
    if (found == nullptr || found->session == nullptr) {
      drops.add(base::Drop::in_unknown_index);
      return;
    }
    burst.last_index = index;
    burst.last_target = *found;
  }
  const Session& session = *burst.last_target.session;
  if (session.expired(now.boot)) {
    drops.add(base::Drop::in_session_expired);
    return;
  }
  const auto counter = base::load_le<std::uint64_t>(header.counter.data());
  const base::Bytes ciphertext = item.datagram.subspan(sizeof header);
  burst.jobs[burst.count] = crypto::AeadJob{.key = &session.receive_key(),
                                            .counter = counter,
                                            .in = ciphertext,
                                            .out = ciphertext.data()};
  burst.entries[burst.count] = {
      .item = &item, .target = burst.last_target, .index = index, .counter = counter};
  ++burst.count;
}

void Device::State::finish(base::Now now, const base::Path& from, Burst& burst) noexcept {
  aead.open(std::span(burst.jobs).first(burst.count));
  const std::uint64_t retired_before = sessions_retired;
  for (std::size_t i = 0; i < burst.count; ++i) {
    const Burst::Entry& entry = burst.entries[i];
    if (!burst.jobs[i].authentic) {
      drops.add(base::Drop::in_not_authentic);
      continue;
    }
    // A packet earlier in the burst may have ended this one's session by confirming another.
    if (sessions_retired != retired_before) {
      const IndexTable::Entry* found = indices.find(entry.index);
      if (found == nullptr || found->session != entry.target.session) {
        drops.add(base::Drop::in_unknown_index);
        continue;
      }
    }
    if (!entry.target.session->accept_counter(entry.counter)) {
      drops.add(base::Drop::in_replayed);
      continue;
    }
    const base::Bytes plaintext = entry.item->datagram.subspan(
        sizeof(DataHeader), entry.item->datagram.size() - kMinDataBytes);
    receive_data(now, from, *entry.target.peer, *entry.target.session, *entry.item, plaintext);
  }
  burst.count = 0;
  burst.last_target = {};
}

void Device::State::receive_data(base::Now now, const base::Path& from, Peer& peer,
                                 const Session& session, OpenItem& item,
                                 base::Bytes plaintext) noexcept {
  peer.rx_bytes += item.datagram.size();
  follow(peer, from);
  const bool rekey =
      peer.keypairs.current() == &session && session.wants_rekey_on_receive(now.boot);
  Keypairs::Retired retired;
  if (peer.keypairs.confirm(session, retired)) {
    retire(std::move(retired));
    handshake_complete(now, peer);
    if (!peer.staged.empty()) owed.push(peer);
  }
  if (rekey && !peer.rekey_on_receive_asked) {
    peer.rekey_on_receive_asked = true;
    request_handshake(now, peer, false);
  }
  authentic_received(now, peer);
  if (plaintext.empty()) return;  // a keepalive
  data_received(now, peer);
  if (const auto drop = deliver(peer, item, plaintext)) {
    drops.add(*drop);
    item.packet = {};
    return;
  }
  item.peer = peer.id;
}

/// Finds the packet inside an authentic plaintext, or says why it must not be delivered.
std::optional<base::Drop> Device::State::deliver(const Peer& peer, OpenItem& item,
                                                 base::Bytes plaintext) const noexcept {
  constexpr std::size_t kEthernetHeaderBytes = 14;
  if (options.kind == Kind::tun) {
    const auto view = packet::IpView::parse(plaintext);
    if (!view || view->total_length() > plaintext.size()) return base::Drop::in_malformed;
    if (allowed_ips.lookup(view->source()) != peer.id) return base::Drop::in_source_not_allowed;
    item.packet = plaintext.first(view->total_length());
  } else {
    const auto padding = std::to_integer<std::size_t>(plaintext.back());
    if (padding < 1 || padding > kPaddingMultiple ||
        plaintext.size() < kEthernetHeaderBytes + padding) {
      return base::Drop::in_malformed;
    }
    item.packet = plaintext.first(plaintext.size() - padding);
  }
  if (!packet::decapsulate_ecn(item.outer_ecn, item.packet, framing())) return base::Drop::in_ecn;
  return std::nullopt;
}

/// Remembers where an authentic message came from.
void Device::State::follow(Peer& peer, const base::Path& from) noexcept {
  if (peer.path == from) return;
  const bool roamed = peer.path && peer.path->remote != from.remote;
  peer.path = from;
  if (roamed) {
    events.push(
        Event{.kind = Event::Kind::endpoint_changed, .peer = peer.id, .remote = from.remote});
  }
}

}  // namespace warren::protocol
