// The network between the hosts: who has which address, and what becomes of a datagram on its way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <warren/base/bytes.hpp>
#include <warren/base/ip.hpp>
#include <warren/base/time.hpp>

#include "sim/checker.hpp"
#include "sim/random.hpp"

namespace warren::sim {

struct Datagram {
  base::Endpoint from;
  base::Endpoint to;
  std::vector<std::byte> bytes;
  std::uint8_t ecn = 0;
  /// A bit was flipped on the way where authentication covers it.
  bool tampered = false;
  bool replay = false;
};

/// Probabilities for each datagram.
struct Conditions {
  Duration min_delay = std::chrono::milliseconds(5);
  Duration max_delay = std::chrono::milliseconds(25);
  double loss = 0;
  double handshake_loss = 0;  ///< of all messages but transport data
  double duplicate = 0;
  double late = 0;  ///< delayed by up to max_lateness more
  Duration max_lateness = std::chrono::seconds(3);
  double tampered_copy = 0;  ///< a copy with one bit flipped arrives as well
  double replay = 0;         ///< some old datagram arrives again, later
  double mark_congestion = 0;
};

/// Datagrams that arrive together, in order, between the same two endpoints.
struct Arrival {
  Duration delay;
  std::vector<Datagram> datagrams;
};

class Network {
 public:
  explicit Network(std::uint64_t seed) : random_(seed) {}

  Conditions conditions;

  // ---- addresses ----
  /// A public address. The one it had before leads nowhere.
  void attach(HostId host, const base::Endpoint& address);
  /// Behind a NAT of its own: its datagrams get the NAT's address and a port, for as long as it
  /// sends one every `idle` or more often; then the port is another.
  void attach_behind_nat(HostId host, const base::IpAddress& nat, Duration idle);
  /// The NAT loses its memory: the next datagram outward gets another port.
  void remap(HostId host);
  [[nodiscard]] bool behind_nat(HostId host) const { return nats_.contains(host); }
  /// Who receives datagrams to this address now.
  [[nodiscard]] std::optional<HostId> owner(Instant now, const base::Endpoint& address) const;
  /// The address that others see datagrams of `host` come from; may make a NAT mapping.
  base::Endpoint outward(Instant now, HostId host);

  // ---- connectivity ----
  void cut(HostId a, HostId b) { cuts_.insert(std::minmax(a, b)); }
  void heal() { cuts_.clear(); }
  [[nodiscard]] bool is_cut(HostId a, HostId b) const { return cuts_.contains(std::minmax(a, b)); }

  /// What arrives of `batch`, which leaves together, and after how long.
  std::vector<Arrival> carry(std::vector<Datagram> batch);
  /// Remembers a datagram that was received, for replays.
  void remember(const Datagram& datagram);
  [[nodiscard]] const std::vector<Datagram>& remembered() const { return memory_; }

 private:
  struct Nat {
    base::IpAddress address;
    Duration idle;
    std::uint16_t port = 0;
    Instant last_used;
  };
  void disturb(const Datagram& datagram, std::vector<Arrival>& arrivals);
  std::optional<Datagram> tampered(const Datagram& datagram);
  Duration delay() { return random_.between(conditions.min_delay, conditions.max_delay); }

  Random random_;
  std::map<base::Endpoint, HostId> public_;
  std::map<HostId, base::Endpoint> public_of_;
  std::map<HostId, Nat> nats_;
  std::uint16_t next_port_ = 1024;
  std::set<std::pair<HostId, HostId>> cuts_;
  std::vector<Datagram> memory_;
};

}  // namespace warren::sim
