#include <warren/protocol/device.hpp>

#include "device_state.hpp"

namespace warren::protocol {

namespace {
std::uint64_t random_word(const crypto::RandomSource& random) {
  std::uint64_t word = 0;
  random.fill(std::as_writable_bytes(std::span(&word, 1)));
  return word;
}
}  // namespace

void PeerList::push(Peer& peer) noexcept {
  if (peer.listed) return;
  peer.listed = true;
  peer.list_previous = last_;
  peer.list_next = nullptr;
  (last_ != nullptr ? last_->list_next : first_) = &peer;
  last_ = &peer;
}

void PeerList::remove(Peer& peer) noexcept {
  if (!peer.listed) return;
  peer.listed = false;
  (peer.list_previous != nullptr ? peer.list_previous->list_next : first_) = peer.list_next;
  (peer.list_next != nullptr ? peer.list_next->list_previous : last_) = peer.list_previous;
}

Device::State::State(const DeviceOptions& device_options, crypto::Aead& device_aead,
                     crypto::RandomSource device_random)
    : options(device_options),
      aead(device_aead),
      random(device_random),
      jitter_state(random_word(random)),
      limiter(random_word(random)) {
  if (options.kind == Kind::tap) macs.emplace(random_word(random));
}

Device::Device(const DeviceOptions& options, crypto::Aead& aead, crypto::RandomSource random)
    : state_(std::make_unique<State>(options, aead, random)) {}

Device::~Device() {
  for (auto& [id, peer] : state_->peers) peer->staged.clear(state_->arena);
}

Suite Device::suite() const noexcept {
  return state_->suite();
}

const base::DropCounters& Device::drops() const noexcept {
  return state_->drops;
}
base::DropCounters& Device::drops() noexcept {
  return state_->drops;
}

std::uint64_t Device::handshake_failures(HandshakeFailure failure) const noexcept {
  return state_->failures[static_cast<std::size_t>(failure)];
}

std::uint64_t Device::handshakes_completed() const noexcept {
  return state_->handshakes_completed;
}

std::optional<Event> Device::poll_event() noexcept {
  if (state_->events.empty()) return std::nullopt;
  const Event event = state_->events.front();
  state_->events.pop();
  return event;
}

}  // namespace warren::protocol
