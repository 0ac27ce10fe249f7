// Tells when packets may have begun to go another way: routes, rules, addresses, and the carriers of
// interfaces (rtnetlink(7)).
#pragma once

#include <warren/base/fd.hpp>

namespace warren::system {

class RouteMonitor {
 public:
  /// Listens in the calling thread's network namespace. Throws SystemError.
  RouteMonitor();

  /// Readable when there is something to drain.
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// Takes all that is there; never blocks. What exactly changed is for the kernel to answer: ask
  /// Netlink::leaves_by. Throws SystemError.
  void drain();

 private:
  base::Fd fd_;
};

}  // namespace warren::system
