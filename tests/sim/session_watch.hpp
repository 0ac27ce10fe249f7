// Ages of sessions, learned from what is visible on the wire: a handshake response names the
// indices of both ends, and when it leaves and arrives the session is born at each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include <warren/base/bytes.hpp>
#include <warren/base/time.hpp>

namespace warren::sim {

class SessionWatch {
 public:
  using HostId = std::size_t;

  /// A datagram leaves `from` for `to`, where anybody has that address. For transport data: how old
  /// the session is at its sender; empty where it is not known.
  std::optional<base::Duration> leaves(base::Instant now, HostId from, std::optional<HostId> to,
                                       base::ConstBytes datagram);
  /// A datagram arrives. For transport data: how old the session is at its receiver.
  std::optional<base::Duration> arrives(base::Instant now, base::ConstBytes datagram);

  /// Whether handshakes of both crossed on the way, so that each sends on the session that it began
  /// itself, which for the other is the previous one. The one that next responds to a handshake
  /// lets go of its previous session at once, as the kernel module does: then what is on its way is
  /// lost.
  [[nodiscard]] bool crossed(HostId a, HostId b) const;
  /// Whether one of them has responded to a handshake of the other since `since`.
  [[nodiscard]] bool responded_since(base::Instant since, HostId a, HostId b) const;

 private:
  struct Session {
    base::Instant left;                    // the response left: born at the responder
    std::optional<base::Instant> arrived;  // it arrived first: born at the initiator
  };
  struct Role {
    std::size_t session;
    bool names_initiator;  // the index was chosen by the initiator
  };
  struct LastSent {
    std::size_t session;
    bool began_it;
  };
  std::optional<base::Duration> age(base::Instant now, base::ConstBytes datagram, bool at_sender);

  std::unordered_map<std::uint32_t, Role> roles_;  // indices are random: no two alike in a run
  std::unordered_map<std::size_t, Session> sessions_;
  std::map<std::pair<HostId, HostId>, LastSent> last_sent_;       // from, to
  std::map<std::pair<HostId, HostId>, base::Instant> responses_;  // the lower first
};

}  // namespace warren::sim
