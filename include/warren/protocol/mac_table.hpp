// Which peer an Ethernet address was last seen behind: the memory of a learning switch. Bounded in
// all and for each peer (kMaxMacEntries, kMaxMacEntriesPerPeer), so that no peer can push out the
// others' addresses; entries age after kMacAgeing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include <warren/base/ip.hpp>
#include <warren/base/time.hpp>
#include <warren/protocol/ids.hpp>

namespace warren::protocol {

/// About 400 KiB, all taken by the constructor: TUN devices do not make one. One thread.
class MacTable {
 public:
  enum class Learned : std::uint8_t {
    known,    ///< it was there already, or it is a group address, which is never learned
    learned,  ///< it is new
    moved,    ///< it belonged to another peer
    full,     ///< the table or the peer's share of it is full: nothing was changed
  };

  /// `seed`: secret and random, so that peers cannot choose addresses that collide.
  explicit MacTable(std::uint64_t seed);
  MacTable(MacTable&&) noexcept;
  MacTable& operator=(MacTable&&) noexcept;
  ~MacTable();

  /// A frame with the source `address` came from `peer`.
  Learned learn(base::Instant now, const base::MacAddress& address, PeerId peer) noexcept;
  /// Empty when the address is not known or was not seen for kMacAgeing.
  [[nodiscard]] std::optional<PeerId> lookup(base::Instant now,
                                             const base::MacAddress& address) const noexcept;
  void forget_peer(PeerId peer) noexcept;
  /// Entries held; those that aged are gone after the next address is learned.
  [[nodiscard]] std::size_t size() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace warren::protocol
