#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>

#include <warren/system/harden.hpp>

using namespace warren;

namespace {

/// Runs `check` in a forked child, whose process-wide state may be spoilt.
template <class Check>
bool holds_in_child(Check check) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(check() ? 0 : 1);
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

TEST_CASE("after hardening the process leaves no core file") {
  CHECK(holds_in_child([] {
    system::disable_core_dumps();
    rlimit limit{};
    return ::getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0 &&
           ::prctl(PR_GET_DUMPABLE) == 0;
  }));
}

TEST_CASE("a process without privileges is told that it lacks CAP_NET_ADMIN") {
  if (::geteuid() != 0) SKIP("only root has privileges to give up");
  CHECK(holds_in_child([] { return system::has_net_admin(); }));
  CHECK(holds_in_child([] {
    return ::setresuid(65534, 65534, 65534) == 0 && !system::has_net_admin() &&
           !system::has_capability(CAP_SYS_ADMIN);
  }));
}
