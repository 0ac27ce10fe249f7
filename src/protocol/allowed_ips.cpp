// Theory of operation
//
// One trie per family (prefix_trie.hpp), and for each peer the ends of its two chains of networks.
// A lookup walks from the root towards the address and remembers the last network with an owner: at
// most 32 or 128 steps, about 17 with 100,000 networks spread evenly. It touches nodes only.
#include <array>
#include <unordered_map>

#include <warren/protocol/allowed_ips.hpp>

#include "prefix_trie.hpp"

namespace warren::protocol {
namespace {

using Trie4 = PrefixTrie<std::uint32_t>;
using Trie6 = PrefixTrie<Bits128>;

struct Chains {
  Trie4::Chain v4;
  Trie6::Chain v6;
};

std::uint32_t key4(const base::IpAddress& address) noexcept {
  return base::load_be<std::uint32_t>(address.bytes().data());
}

Bits128 key6(const base::IpAddress& address) noexcept {
  const std::byte* bytes = address.bytes().data();
  return Bits128{base::load_be<std::uint64_t>(bytes)} << 64 |
         base::load_be<std::uint64_t>(bytes + 8);
}

base::IpAddress address_of(std::uint32_t key) noexcept {
  std::array<std::byte, 4> bytes;
  base::store_be(bytes.data(), key);
  return base::IpAddress::from_bytes(base::Family::v4, bytes.data());
}

base::IpAddress address_of(Bits128 key) noexcept {
  std::array<std::byte, 16> bytes;
  base::store_be(bytes.data(), static_cast<std::uint64_t>(key >> 64));
  base::store_be(bytes.data() + 8, static_cast<std::uint64_t>(key));
  return base::IpAddress::from_bytes(base::Family::v6, bytes.data());
}

}  // namespace

struct AllowedIps::State {
  Trie4 v4;
  Trie6 v6;
  std::unordered_map<PeerId, Chains> peers;

  /// Calls `work(trie, chain member, key)` with what belongs to the address's family.
  template <class Work>
  auto with_family(const base::IpAddress& address, Work work) {
    return address.is_v4() ? work(v4, &Chains::v4, key4(address))
                           : work(v6, &Chains::v6, key6(address));
  }

  void forget_if_empty(PeerId peer) {
    const auto found = peers.find(peer);
    if (found->second.v4.first == Trie4::kNone && found->second.v6.first == Trie6::kNone) {
      peers.erase(found);
    }
  }
};

AllowedIps::AllowedIps() : state_(std::make_unique<State>()) {}
AllowedIps::AllowedIps(AllowedIps&&) noexcept = default;
AllowedIps& AllowedIps::operator=(AllowedIps&&) noexcept = default;
AllowedIps::~AllowedIps() = default;

void AllowedIps::insert(const base::IpNetwork& network, PeerId peer) {
  state_->with_family(network.address(), [&](auto& trie, auto chain, auto key) {
    const auto node = trie.find(key, network.prefix());
    if (node == trie.kNone) {
      trie.add(key, network.prefix(), peer.value(), state_->peers[peer].*chain);
      return;
    }
    const PeerId before(trie.owner(node));
    if (before == peer) return;
    // References into an unordered_map stay valid while it grows.
    auto& to = state_->peers[peer].*chain;
    trie.move(node, state_->peers[before].*chain, peer.value(), to);
    state_->forget_if_empty(before);
  });
}

void AllowedIps::remove(const base::IpNetwork& network, PeerId peer) {
  state_->with_family(network.address(), [&](auto& trie, auto chain, auto key) {
    const auto node = trie.find(key, network.prefix());
    if (node == trie.kNone || trie.owner(node) != peer.value()) return;
    trie.remove(node, state_->peers[peer].*chain);
    state_->forget_if_empty(peer);
  });
}

void AllowedIps::remove_peer(PeerId peer) {
  const auto found = state_->peers.find(peer);
  if (found == state_->peers.end()) return;
  auto& [v4, v6] = found->second;
  while (v4.first != Trie4::kNone) state_->v4.remove(v4.first, v4);
  while (v6.first != Trie6::kNone) state_->v6.remove(v6.first, v6);
  state_->peers.erase(found);
}

std::optional<PeerId> AllowedIps::lookup(const base::IpAddress& address) const noexcept {
  return state_->with_family(address,
                             [](const auto& trie, auto, auto key) -> std::optional<PeerId> {
                               const auto node = trie.lookup(key);
                               if (node == trie.kNone) return std::nullopt;
                               return PeerId(trie.owner(node));
                             });
}

std::vector<base::IpNetwork> AllowedIps::networks_of(PeerId peer) const {
  std::vector<base::IpNetwork> networks;
  const auto found = state_->peers.find(peer);
  if (found == state_->peers.end()) return networks;
  const auto list = [&](const auto& trie, const auto& chain) {
    for (auto node = chain.first; node != trie.kNone; node = trie.next_of_owner(node)) {
      networks.emplace_back(address_of(trie.key(node)), trie.prefix(node));
    }
  };
  list(state_->v4, found->second.v4);
  list(state_->v6, found->second.v6);
  return networks;
}

std::size_t AllowedIps::size() const noexcept {
  return state_->v4.size() + state_->v6.size();
}

}  // namespace warren::protocol
