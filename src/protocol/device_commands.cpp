#include <algorithm>
#include <utility>

#include <warren/protocol/device.hpp>

#include "device_state.hpp"

namespace warren::protocol {

Peer* Device::State::find(PeerId id) const noexcept {
  const auto found = peers.find(id);
  return found == peers.end() ? nullptr : found->second.get();
}

void Device::State::precompute(Peer& peer) const noexcept {
  std::optional<crypto::SymmetricKey> shared;
  if (identity) shared = crypto::x25519(identity->secret, peer.public_key);
  peer.static_static = shared ? std::move(*shared) : crypto::SymmetricKey();
}

void Device::State::retire(Keypairs::Retired retired) noexcept {
  for (const auto& session : retired) {
    if (!session) continue;
    indices.erase(session->local_index());
    ++sessions_retired;
  }
}

void Device::State::drop_initiation(Peer& peer) noexcept {
  if (!peer.initiation) return;
  indices.erase(peer.initiation->index);
  peer.initiation.reset();
}

void Device::State::wipe_secrets(Peer& peer) noexcept {
  drop_initiation(peer);
  retire(peer.keypairs.clear());
  peer.timers.clear_all();
  timers.remove(peer);
  owed.remove(peer);
  peer.initiation_wanted = false;
  peer.keepalive_wanted = false;
  peer.rekey_on_receive_asked = false;
  peer.handshake_sent.reset();
  peer.cookie.reset();
}

void Device::State::drop_staged(Peer& peer, base::Drop reason) noexcept {
  if (!peer.staged.empty()) drops.add(reason, peer.staged.clear(arena));
}

void Device::State::discard_peer(Peer& peer) noexcept {
  wipe_secrets(peer);
  peer.staged.clear(arena);
  allowed_ips.remove_peer(peer.id);
  if (macs) macs->forget_peer(peer.id);
  peers_by_key.erase(peer.public_key);
  peers.erase(PeerId(peer.id));
}

// ---- the device
// ------------------------------------------------------------------------------------

void Device::set_private_key(base::Now now, std::optional<crypto::SecretKey> key) {
  State& state = *state_;
  if (key && key->is_zero()) key.reset();
  if (state.identity && key && state.identity->secret == *key) return;
  for (auto& [id, peer] : state.peers) state.wipe_secrets(*peer);
  state.replies.clear();
  state.identity.reset();
  if (key) {
    const crypto::PublicKey public_key = crypto::public_key_of(*key);
    if (const auto own = state.peers_by_key.find(public_key); own != state.peers_by_key.end()) {
      state.discard_peer(*own->second);
    }
    state.identity.emplace(Identity{.secret = std::move(*key), .public_key = public_key});
    state.cookies = CookieChecker();
    state.cookies.set_public_key(public_key);
  }
  for (auto& [id, peer] : state.peers) {
    state.precompute(*peer);
    if (!peer->staged.empty()) state.request_handshake(now, *peer, false);
    if (peer->persistent_keepalive > base::Duration(0)) state.want_keepalive(*peer);
  }
}

const crypto::SecretKey* Device::private_key() const noexcept {
  return state_->identity ? &state_->identity->secret : nullptr;
}

std::optional<crypto::PublicKey> Device::public_key() const noexcept {
  if (!state_->identity) return std::nullopt;
  return state_->identity->public_key;
}

void Device::set_mtu(std::uint32_t bytes) noexcept {
  state_->options.mtu = bytes;
}

void Device::set_up(base::Now now, bool up) {
  State& state = *state_;
  if (state.up == up) return;
  state.up = up;
  if (!up) state.replies.clear();
  for (auto& [id, peer] : state.peers) {
    if (!up) {
      state.wipe_secrets(*peer);
      state.drop_staged(*peer, base::Drop::out_interface_down);
    } else if (peer->persistent_keepalive > base::Duration(0)) {
      state.want_keepalive(*peer);
    }
  }
  if (!up) state.under_load_until.reset();
  static_cast<void>(now);
}

bool Device::is_up() const noexcept {
  return state_->up;
}

// ---- peers
// -----------------------------------------------------------------------------------------

std::optional<PeerId> Device::add_peer(base::Now, const crypto::PublicKey& key) {
  State& state = *state_;
  if (const auto known = find_peer(key)) return known;
  if (state.identity && state.identity->public_key == key) return std::nullopt;
  if (state.peers.size() >= kMaxPeers || state.next_peer_id == UINT32_MAX) return std::nullopt;
  const PeerId id(state.next_peer_id++);
  auto peer = std::make_unique<Peer>(id, key);
  state.precompute(*peer);
  state.peers_by_key.emplace(key, peer.get());
  state.peers.emplace(id, std::move(peer));
  state.timers.reserve(state.peers.size());
  return id;
}

void Device::remove_peer(PeerId id) {
  if (Peer* peer = state_->find(id)) state_->discard_peer(*peer);
}

std::optional<PeerId> Device::find_peer(const crypto::PublicKey& key) const noexcept {
  const auto found = state_->peers_by_key.find(key);
  if (found == state_->peers_by_key.end()) return std::nullopt;
  return found->second->id;
}

std::vector<PeerId> Device::peers() const {
  std::vector<PeerId> ids;
  ids.reserve(state_->peers.size());
  for (const auto& [id, peer] : state_->peers) ids.push_back(id);
  std::ranges::sort(ids);  // ids ascend in the order of adding
  return ids;
}

std::size_t Device::peer_count() const noexcept {
  return state_->peers.size();
}

void Device::set_preshared_key(PeerId id, crypto::PresharedKey key) {
  if (Peer* peer = state_->find(id)) peer->preshared_key = std::move(key);
}

const crypto::PresharedKey* Device::preshared_key(PeerId id) const noexcept {
  const Peer* peer = state_->find(id);
  return peer != nullptr && !peer->preshared_key.is_zero() ? &peer->preshared_key : nullptr;
}

void Device::set_endpoint(PeerId id, const base::Endpoint& endpoint) {
  Peer* peer = state_->find(id);
  if (peer == nullptr) return;
  peer->path = base::Path{.remote = endpoint, .local = std::nullopt};
  // Without an endpoint the persistent keepalive had nowhere to start.
  if (state_->up && peer->persistent_keepalive > base::Duration(0) &&
      !peer->timers.pending(Timer::persistent_keepalive)) {
    state_->want_keepalive(*peer);
  }
}

void Device::set_persistent_keepalive(base::Now now, PeerId id, base::Duration interval) {
  Peer* peer = state_->find(id);
  if (peer == nullptr) return;
  const bool was_on = peer->persistent_keepalive > base::Duration(0);
  const bool is_on = interval > base::Duration(0);
  peer->persistent_keepalive = is_on ? interval : base::Duration(0);
  if (!is_on) {
    state_->disarm(*peer, Timer::persistent_keepalive);
  } else if (state_->up && !was_on) {
    state_->want_keepalive(*peer);
  } else if (peer->timers.pending(Timer::persistent_keepalive)) {
    state_->arm(*peer, Timer::persistent_keepalive, now.boot + interval);
  }
}

void Device::allow_ip(PeerId id, const base::IpNetwork& network) {
  if (state_->find(id) != nullptr) state_->allowed_ips.insert(network, id);
}

void Device::disallow_ip(PeerId id, const base::IpNetwork& network) {
  state_->allowed_ips.remove(network, id);
}

void Device::clear_allowed_ips(PeerId id) {
  state_->allowed_ips.remove_peer(id);
}

std::vector<base::IpNetwork> Device::allowed_ips(PeerId id) const {
  return state_->allowed_ips.networks_of(id);
}

PeerStatus Device::status(PeerId id) const {
  PeerStatus status;
  status.id = id;
  const Peer* peer = state_->find(id);
  if (peer == nullptr) return status;
  status.public_key = peer->public_key;
  status.has_preshared_key = !peer->preshared_key.is_zero();
  status.path = peer->path;
  status.last_handshake = peer->last_handshake;
  status.rx_bytes = peer->rx_bytes;
  status.tx_bytes = peer->tx_bytes;
  status.persistent_keepalive = peer->persistent_keepalive;
  status.handshake_duration = peer->handshake_duration;
  status.staged_packets = peer->staged.count();
  status.session_established = peer->keypairs.current() != nullptr;
  return status;
}

void Device::flush_staged(base::Now now, PeerId id) {
  Peer* peer = state_->find(id);
  if (peer == nullptr || !state_->up || peer->staged.empty()) return;
  if (peer->usable_session(now.boot) != nullptr) {
    state_->owed.push(*peer);
  } else {
    state_->request_handshake(now, *peer, false);
  }
}

std::optional<base::Path> Device::forget_source(PeerId id) noexcept {
  Peer* peer = state_->find(id);
  if (peer == nullptr || !peer->path) return std::nullopt;
  peer->path->local.reset();
  return peer->path;
}

}  // namespace warren::protocol
