// A compressed binary trie of networks of one address family, each with an owner.
//
// A node is a network; its two children are longer networks inside it, told apart by the first bit
// behind its prefix. A node without an owner exists only where two branches part, so n networks
// make at most 2n - 1 nodes. Nodes live in one vector and name each other by 32-bit index; 0 means
// none, and freed nodes wait in a list. The networks of one owner are chained, so that an owner's
// networks are listed and removed without a walk through the others. What a lookup reads lies apart
// from the rest, so that more of it fits into the cache.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <warren/base/assert.hpp>

namespace warren::protocol {

__extension__ using Bits128 = unsigned __int128;

inline unsigned leading_zeros(std::uint32_t bits) noexcept {
  return static_cast<unsigned>(std::countl_zero(bits));
}
inline unsigned leading_zeros(Bits128 bits) noexcept {
  const auto high = static_cast<std::uint64_t>(bits >> 64);
  if (high != 0) return static_cast<unsigned>(std::countl_zero(high));
  return 64 + static_cast<unsigned>(std::countl_zero(static_cast<std::uint64_t>(bits)));
}

/// `Key` is std::uint32_t or Bits128: an address as a number, the first bit on the wire on top.
template <class Key>
class PrefixTrie {
 public:
  using Index = std::uint32_t;
  static constexpr Index kNone = 0;
  static constexpr unsigned kBits = sizeof(Key) * 8;

  /// The networks of one owner, oldest first.
  struct Chain {
    Index first = kNone;
    Index last = kNone;
  };

  PrefixTrie() : nodes_(1), links_(1) {}

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] Key key(Index node) const noexcept { return nodes_[node].key; }
  [[nodiscard]] unsigned prefix(Index node) const noexcept { return nodes_[node].prefix; }
  [[nodiscard]] std::uint32_t owner(Index node) const noexcept { return links_[node].owner; }
  [[nodiscard]] Index next_of_owner(Index node) const noexcept { return links_[node].chain_next; }

  /// The owned node with the longest prefix of `address`.
  [[nodiscard]] Index lookup(Key address) const noexcept {
    Index best = kNone;
    for (Index at = root_; at != kNone;) {
      const Node& node = nodes_[at];
      if (!same_prefix(node.key, address, node.prefix)) break;
      if (node.owned) best = at;
      if (node.prefix == kBits) break;
      at = node.child[bit(address, node.prefix)];
    }
    return best;
  }

  /// The owned node of exactly this network.
  [[nodiscard]] Index find(Key network, unsigned prefix_length) const noexcept {
    Index at = root_;
    while (at != kNone && nodes_[at].prefix < prefix_length &&
           same_prefix(nodes_[at].key, network, nodes_[at].prefix)) {
      at = nodes_[at].child[bit(network, nodes_[at].prefix)];
    }
    const bool found = at != kNone && nodes_[at].prefix == prefix_length &&
                       nodes_[at].key == network && nodes_[at].owned;
    return found ? at : kNone;
  }

  /// Adds a network that find() does not know, at the end of the owner's chain. The host bits of
  /// `network` are zero.
  void add(Key network, unsigned prefix_length, std::uint32_t owner, Chain& chain) {
    const Index node = place(network, prefix_length);
    nodes_[node].owned = true;
    links_[node].owner = owner;
    append(node, chain);
    ++size_;
  }

  /// Gives an owned node to another owner.
  void move(Index node, Chain& from, std::uint32_t owner, Chain& to) noexcept {
    unlink(node, from);
    links_[node].owner = owner;
    append(node, to);
  }

  /// Removes an owned node.
  void remove(Index node, Chain& chain) {
    unlink(node, chain);
    nodes_[node].owned = false;
    --size_;
    collapse(node);
  }

 private:
  struct Node {
    Key key{};
    Index child[2] = {kNone, kNone};
    std::uint8_t prefix = 0;
    bool owned = false;
  };
  static_assert(sizeof(Node) == (sizeof(Key) == 4 ? 16 : 32));

  struct Links {
    Index parent = kNone;
    Index chain_previous = kNone;
    Index chain_next = kNone;
    std::uint32_t owner = 0;
  };

  static bool same_prefix(Key a, Key b, unsigned prefix_length) noexcept {
    // A shift by all bits would be undefined, and any two addresses share a prefix of 0.
    return prefix_length == 0 || (a ^ b) >> (kBits - prefix_length) == 0;
  }
  static unsigned bit(Key key, unsigned position) noexcept {
    return static_cast<unsigned>(key >> (kBits - 1 - position)) & 1U;
  }
  static Key masked(Key key, unsigned prefix_length) noexcept {
    return prefix_length == 0 ? Key{0} : key >> (kBits - prefix_length) << (kBits - prefix_length);
  }

  /// The node of this network, made if it is not there; not owned yet.
  Index place(Key network, unsigned prefix_length) {
    Index parent = kNone;
    Index at = root_;
    while (at != kNone && nodes_[at].prefix <= prefix_length &&
           same_prefix(nodes_[at].key, network, nodes_[at].prefix)) {
      if (nodes_[at].prefix == prefix_length) return at;
      parent = at;
      at = nodes_[at].child[bit(network, nodes_[at].prefix)];
    }
    const Index made = allocate(network, prefix_length);
    if (at == kNone) {
      attach(made, parent, at);
      return made;
    }
    // `at` is inside the new network, or they part somewhere above both.
    const Key different = nodes_[at].key ^ network;
    const unsigned common = different == 0 ? kBits : leading_zeros(different);
    if (common >= prefix_length) {
      attach(made, parent, at);
      adopt(made, at);
      return made;
    }
    const Index branch = allocate(masked(network, common), common);
    attach(branch, parent, at);
    adopt(branch, at);
    adopt(branch, made);
    return made;
  }

  /// Puts `node` where `replaced` was below `parent` (or at the root).
  void attach(Index node, Index parent, Index replaced) noexcept {
    if (node != kNone) links_[node].parent = parent;
    if (parent == kNone) {
      root_ = node;
    } else if (replaced != kNone) {
      nodes_[parent].child[nodes_[parent].child[1] == replaced] = node;
    } else {
      nodes_[parent].child[bit(nodes_[node].key, nodes_[parent].prefix)] = node;
    }
  }

  void adopt(Index parent, Index node) noexcept {
    links_[node].parent = parent;
    nodes_[parent].child[bit(nodes_[node].key, nodes_[parent].prefix)] = node;
  }

  /// Frees `node`, and its parent, if they neither have an owner nor part two branches.
  void collapse(Index node) {
    while (node != kNone && !nodes_[node].owned) {
      const Node& gone = nodes_[node];
      if (gone.child[0] != kNone && gone.child[1] != kNone) return;
      const Index parent = links_[node].parent;
      attach(gone.child[0] != kNone ? gone.child[0] : gone.child[1], parent, node);
      free(node);
      node = parent;
    }
  }

  void append(Index node, Chain& chain) noexcept {
    links_[node].chain_previous = chain.last;
    links_[node].chain_next = kNone;
    (chain.last == kNone ? chain.first : links_[chain.last].chain_next) = node;
    chain.last = node;
  }

  void unlink(Index node, Chain& chain) noexcept {
    const Index previous = links_[node].chain_previous;
    const Index next = links_[node].chain_next;
    (previous == kNone ? chain.first : links_[previous].chain_next) = next;
    (next == kNone ? chain.last : links_[next].chain_previous) = previous;
  }

  Index allocate(Key network, unsigned prefix_length) {
    Index index = free_;
    if (index != kNone) {
      free_ = nodes_[index].child[0];
    } else {
      WARREN_ASSERT(nodes_.size() < UINT32_MAX, "nodes={}", nodes_.size());
      index = static_cast<Index>(nodes_.size());
      nodes_.emplace_back();
      links_.emplace_back();
    }
    nodes_[index] = Node{};
    links_[index] = Links{};
    nodes_[index].key = network;
    nodes_[index].prefix = static_cast<std::uint8_t>(prefix_length);
    return index;
  }

  void free(Index node) noexcept {
    nodes_[node].child[0] = free_;
    free_ = node;
  }

  std::vector<Node> nodes_;   // nodes_[0] is nobody's
  std::vector<Links> links_;  // by the same index
  Index root_ = kNone;
  Index free_ = kNone;
  std::size_t size_ = 0;
};

}  // namespace warren::protocol
