// Which peer an inner address belongs to: longest match over the networks of all peers, for IPv4
// and IPv6. Outward it chooses the peer, inward it says which sources a peer may use.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include <warren/base/ip.hpp>
#include <warren/protocol/ids.hpp>

namespace warren::protocol {

/// One thread changes it; lookups may run in several threads as long as nobody changes it.
class AllowedIps {
 public:
  AllowedIps();
  AllowedIps(AllowedIps&&) noexcept;
  AllowedIps& operator=(AllowedIps&&) noexcept;
  ~AllowedIps();

  /// Gives `network` to `peer`; takes it from the peer that had it.
  void insert(const base::IpNetwork& network, PeerId peer);
  /// Does nothing when the network belongs to another peer or to none.
  void remove(const base::IpNetwork& network, PeerId peer);
  /// Removes all networks of `peer`, in time proportional to their number.
  void remove_peer(PeerId peer);

  /// The owner of the longest network that contains `address`. Allocates nothing.
  [[nodiscard]] std::optional<PeerId> lookup(const base::IpAddress& address) const noexcept;
  /// IPv4 before IPv6, each in the order in which the peer got them.
  [[nodiscard]] std::vector<base::IpNetwork> networks_of(PeerId peer) const;
  /// Networks of all peers.
  [[nodiscard]] std::size_t size() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace warren::protocol
