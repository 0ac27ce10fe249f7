// Theory of operation
//
// Two bounded tables: the addresses, in the order in which they were last seen, and the peers that
// own any, with how many. Time only moves forward, so the addresses that have aged are at the front
// of the order: learning removes them there, at most once each.
#include <array>
#include <cstring>

#include <warren/base/assert.hpp>
#include <warren/protocol/limits.hpp>
#include <warren/protocol/mac_table.hpp>

#include "bounded_table.hpp"

namespace warren::protocol {
namespace {

/// Six bytes as a number.
struct AddressKey {
  std::uint64_t value = 0;
  explicit AddressKey(const base::MacAddress& address) noexcept {
    std::memcpy(&value, address.bytes.data(), address.bytes.size());
  }
  AddressKey() noexcept = default;
  bool operator==(const AddressKey&) const noexcept = default;
};

struct AddressEntry {
  AddressKey key;
  base::Instant seen;
  PeerId peer;
  static std::uint64_t hash_of(const KeyedHash& hash, AddressKey key) noexcept {
    return hash(key.value);
  }
};

struct PeerEntry {
  PeerId key;
  std::uint32_t addresses = 0;
  static std::uint64_t hash_of(const KeyedHash& hash, PeerId key) noexcept {
    return hash(key.value());
  }
};

}  // namespace

struct MacTable::State {
  using Addresses = BoundedTable<AddressEntry, kMaxMacEntries>;
  using Peers = BoundedTable<PeerEntry, kMaxMacEntries>;

  explicit State(std::uint64_t seed) noexcept : addresses(seed), peers(seed) {}

  Addresses addresses;
  Peers peers;  // as many as there may be addresses: it cannot be full when an address fits

  [[nodiscard]] bool has_room(PeerId peer) const noexcept {
    const auto index = peers.find(peer);
    return index == Peers::kNone || peers[index].addresses < kMaxMacEntriesPerPeer;
  }

  void count(PeerId peer) noexcept {
    auto index = peers.find(peer);
    if (index == Peers::kNone) index = peers.add({.key = peer});
    ++peers[index].addresses;
  }

  void discount(PeerId peer) noexcept {
    const auto index = peers.find(peer);
    WARREN_ASSERT(index != Peers::kNone, "peer={}", peer.value());
    if (--peers[index].addresses == 0) peers.remove(index);
  }

  void remove_aged(base::Instant now) noexcept {
    while (addresses.size() > 0 && now - addresses[addresses.oldest()].seen >= kMacAgeing) {
      discount(addresses[addresses.oldest()].peer);
      addresses.remove(addresses.oldest());
    }
  }
};

MacTable::MacTable(std::uint64_t seed) : state_(std::make_unique<State>(seed)) {}
MacTable::MacTable(MacTable&&) noexcept = default;
MacTable& MacTable::operator=(MacTable&&) noexcept = default;
MacTable::~MacTable() = default;

MacTable::Learned MacTable::learn(base::Instant now, const base::MacAddress& address,
                                  PeerId peer) noexcept {
  if (address.is_group()) return Learned::known;
  State& state = *state_;
  state.remove_aged(now);
  const AddressKey key(address);
  const auto index = state.addresses.find(key);
  if (index == State::Addresses::kNone) {
    if (state.addresses.full() || !state.has_room(peer)) return Learned::full;
    state.addresses.add({.key = key, .seen = now, .peer = peer});
    state.count(peer);
    return Learned::learned;
  }
  AddressEntry& entry = state.addresses[index];
  const bool moves = entry.peer != peer;
  if (moves) {
    if (!state.has_room(peer)) return Learned::full;
    // First down, then up: so the table of peers never needs one more than there are addresses.
    state.discount(entry.peer);
    state.count(peer);
    entry.peer = peer;
  }
  entry.seen = now;
  state.addresses.touch(index);
  return moves ? Learned::moved : Learned::known;
}

std::optional<PeerId> MacTable::lookup(base::Instant now,
                                       const base::MacAddress& address) const noexcept {
  const auto index = state_->addresses.find(AddressKey(address));
  if (index == State::Addresses::kNone) return std::nullopt;
  const AddressEntry& entry = state_->addresses[index];
  if (now - entry.seen >= kMacAgeing) return std::nullopt;
  return entry.peer;
}

void MacTable::forget_peer(PeerId peer) noexcept {
  State& state = *state_;
  const auto known = state.peers.find(peer);
  if (known == State::Peers::kNone) return;
  std::uint32_t left = state.peers[known].addresses;
  for (auto index = state.addresses.oldest(); left > 0;) {
    const auto next = state.addresses.newer(index);
    if (state.addresses[index].peer == peer) {
      state.addresses.remove(index);
      --left;
    }
    index = next;
  }
  state.peers.remove(known);
}

std::size_t MacTable::size() const noexcept {
  return state_->addresses.size();
}

}  // namespace warren::protocol
