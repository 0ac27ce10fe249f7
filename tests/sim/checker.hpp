// The invariants, checked all the time. It sees what hosts send and deliver, never how.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <warren/base/bytes.hpp>
#include <warren/base/time.hpp>

#include "sim/inner_packet.hpp"

namespace warren::sim {

using HostId = std::size_t;
using base::Duration;
using base::Instant;

class Checker {
 public:
  /// A packet that waits at most this long for its delivery, once the network is sound and sessions
  /// stand: the largest delay each way a few times, for a handshake first.
  static constexpr Duration kDeliveryDeadline = std::chrono::seconds(1);

  struct Sent {
    InnerPacket packet;
    HostId from = 0;
    /// Empty: to whoever receives it, each host but the sender once (Ethernet).
    std::optional<HostId> to;
    HostId meant_for = 0;
    /// Its inner source is not the sender's: nobody may deliver it.
    bool forged = false;
    Instant at;
    /// May be lost if a handshake happens while it is on its way: see SessionWatch::crossed.
    bool at_risk = false;
    std::vector<HostId> delivered_to;
  };

  explicit Checker(bool ethernet) : ethernet_(ethernet) {}

  /// Says whether a handshake happened around the time when a packet at risk was on its way.
  std::function<bool(const Sent&)> handshake_near;

  PacketId next_id() { return static_cast<PacketId>(sent_.size()) + 1; }
  /// Ids count from 1 in the order of sending.
  void sent(Sent packet);
  /// `host` delivers `bytes` to its interface, as come from the peer `from`. Says whether that is
  /// new.
  void delivered(Instant now, HostId host, HostId from, base::ConstBytes bytes);

  /// While strict, each packet that is not forged must arrive within kDeliveryDeadline.
  void set_strict(Instant now, bool strict);
  void check_deadlines(Instant now);

  /// A session of this age was used by `host`.
  void session_used(Instant now, HostId host, Duration age, const char* for_what);
  /// handle_timeout was called on a host with `peers` peers.
  void timeout_handled(Instant now, HostId host, std::size_t peers);
  void violation(Instant now, const std::string& what);

  [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }
  /// The greatest age at which a session was used.
  [[nodiscard]] Duration oldest_session() const { return oldest_session_; }
  [[nodiscard]] std::size_t sent_count() const { return sent_.size(); }
  [[nodiscard]] std::size_t delivered_count() const { return delivered_count_; }
  [[nodiscard]] std::uint64_t timeouts_handled(HostId host) const;

 private:
  struct TimeoutRate {
    std::int64_t second = -1;
    std::size_t in_second = 0;
    std::uint64_t total = 0;
  };

  bool ethernet_;
  bool strict_ = false;
  std::vector<Sent> sent_;
  std::deque<PacketId> awaited_;
  std::map<HostId, TimeoutRate> timeouts_;
  std::size_t delivered_count_ = 0;
  Duration oldest_session_{0};
  std::vector<std::string> violations_;
};

}  // namespace warren::sim
