// The learning switch of a TAP device. Its ports are the peers and our own TAP, which the MAC table
// knows as peer 0. Frames from peers go to our TAP; on a hub also to other peers. No frame leaves
// through the port that it came in by.
#include <algorithm>

#include <warren/protocol/device.hpp>

#include "device_state.hpp"

namespace warren::protocol {

namespace {

constexpr PeerId kLocalPort(0);
constexpr std::size_t kEthernetHeaderBytes = 14;

base::MacAddress mac_at(base::ConstBytes frame, std::size_t offset) noexcept {
  base::MacAddress address;
  std::ranges::copy(frame.subspan(offset, address.bytes.size()), address.bytes.begin());
  return address;
}
base::MacAddress destination_of(base::ConstBytes frame) noexcept {
  return mac_at(frame, 0);
}
base::MacAddress source_of(base::ConstBytes frame) noexcept {
  return mac_at(frame, 6);
}

}  // namespace

FrameTargets Device::switch_local(base::Now now, base::ConstBytes frame) noexcept {
  State& state = *state_;
  FrameTargets targets;
  if (!state.macs || frame.size() < kEthernetHeaderBytes) {
    state.drops.add(base::Drop::out_malformed);
    return targets;
  }
  // Learned so that a station which moves from a peer to our side is not looked for there any more.
  // When the table is full the frame passes all the same.
  static_cast<void>(state.macs->learn(now.boot, source_of(frame), kLocalPort));
  const base::MacAddress destination = destination_of(frame);
  const auto owner =
      destination.is_group() ? std::nullopt : state.macs->lookup(now.boot, destination);
  if (!owner) {
    targets.flood = true;
  } else if (*owner == kLocalPort) {
    state.drops.add(base::Drop::tap_same_port);
  } else {
    targets.peer = *owner;
  }
  return targets;
}

FrameTargets Device::switch_remote(base::Now now, PeerId peer, base::ConstBytes frame) noexcept {
  State& state = *state_;
  FrameTargets targets;
  if (!state.macs || frame.size() < kEthernetHeaderBytes || state.find(peer) == nullptr) {
    state.drops.add(base::Drop::in_malformed);
    return targets;
  }
  if (state.macs->learn(now.boot, source_of(frame), peer) == MacTable::Learned::full) {
    state.drops.add(base::Drop::tap_mac_table_full);
  }
  const base::MacAddress destination = destination_of(frame);
  const auto owner =
      destination.is_group() ? std::nullopt : state.macs->lookup(now.boot, destination);
  if (owner == peer) {
    state.drops.add(base::Drop::tap_same_port);
  } else if (owner && *owner != kLocalPort && state.options.hub) {
    targets.peer = *owner;
  } else {
    targets.local = true;
    if (!owner && state.options.hub) {
      targets.flood = true;
      targets.except = peer;
    }
  }
  return targets;
}

}  // namespace warren::protocol
