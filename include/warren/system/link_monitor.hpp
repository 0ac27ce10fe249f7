// Tells when interfaces come, go and change: a subscriber to rtnetlink's RTNLGRP_LINK.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <warren/base/fd.hpp>

namespace warren::system {

/// One notification: the interface as it is after the change, or as it was before it went.
struct LinkChange {
  std::uint32_t index = 0;
  std::string name;
  std::uint32_t mtu = 0;
  bool up = false;       ///< IFF_UP
  bool deleted = false;  ///< deleted, or moved to another namespace
  /// Which other namespace it happened in, by the id that the monitor's namespace has for it; empty
  /// for the monitor's own.
  std::optional<std::int32_t> netns_id;
};

struct LinkChanges {
  std::vector<LinkChange> changes;  ///< oldest first
  /// Notifications were lost (the socket's buffer was full): read the state anew.
  bool resync = false;
};

class LinkMonitor {
 public:
  enum class Scope : std::uint8_t {
    one_namespace,
    /// And every namespace for which the monitor's own has an id (NETLINK_LISTEN_ALL_NSID). Those
    /// are not kept alive by this. Without CAP_NET_BROADCAST it is one_namespace in effect.
    all_namespaces,
  };
  /// Listens in the calling thread's network namespace. Throws SystemError.
  explicit LinkMonitor(Scope scope = Scope::one_namespace);
  /// Listens in `netns` (borrowed for the call), which then lives as long as this object; needs
  /// CAP_SYS_ADMIN.
  explicit LinkMonitor(int netns, Scope scope = Scope::one_namespace);

  /// Readable when there is something to drain.
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// Takes all that is there; never blocks. Throws SystemError.
  LinkChanges drain();

 private:
  base::Fd fd_;
};

}  // namespace warren::system
