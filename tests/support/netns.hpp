// Network namespaces for tests. They have no name and vanish with their last descriptor.
#pragma once

#include <sched.h>

#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <thread>
#include <utility>

#include <warren/base/error.hpp>
#include <warren/base/fd.hpp>
#include <warren/system/harden.hpp>
#include <warren/system/namespaces.hpp>
#include <warren/system/netlink.hpp>

namespace warren::test {

/// Skips the test, with the reason, where namespaces cannot be made.
inline void requires_root() {
  constexpr int kCapSysAdmin = 21;
  if (!system::has_net_admin() || !system::has_capability(kCapSysAdmin)) {
    SKIP("network namespaces need CAP_NET_ADMIN and CAP_SYS_ADMIN: run as root");
  }
}

/// A fresh namespace whose loopback is up.
class TestNetns {
 public:
  TestNetns() {
    int error = 0;
    std::thread([&] {
      if (::unshare(CLONE_NEWNET) != 0) {
        error = errno;
        return;
      }
      netns_ = system::current_netns();
      system::Netlink netlink;
      netlink.set_link_up(netlink.link_index("lo"), true);
    }).join();
    if (error != 0) throw base::SystemError("making", "a network namespace", error);
  }

  [[nodiscard]] int fd() const noexcept { return netns_.get(); }
  /// Runs `work` in the namespace, in a thread of its own, and returns its result. Assertions of
  /// Catch2 belong outside.
  template <class Work>
  auto run(Work&& work) const {
    return system::in_netns(netns_.get(), std::forward<Work>(work));
  }
  /// Lets go of the namespace; it ends unless something else holds it.
  void release() noexcept { netns_.reset(); }

 private:
  base::Fd netns_;
};

}  // namespace warren::test
