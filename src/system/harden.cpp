#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstdint>
#include <fstream>
#include <string>

#include <warren/base/error.hpp>
#include <warren/system/harden.hpp>

namespace warren::system {

void disable_core_dumps() {
  const rlimit none{0, 0};
  base::check_system_call(::setrlimit(RLIMIT_CORE, &none), "setting", "RLIMIT_CORE");
  // A core_pattern that pipes into a program ignores RLIMIT_CORE; this it heeds.
  base::check_system_call(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "setting", "PR_SET_DUMPABLE");
}

bool has_capability(int capability) {
  std::ifstream status("/proc/thread-self/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with("CapEff:")) continue;
    const auto effective = std::stoull(line.substr(7), nullptr, 16);
    return (effective >> static_cast<unsigned>(capability) & 1U) != 0;
  }
  return false;
}

bool has_net_admin() {
  return has_capability(CAP_NET_ADMIN);
}

}  // namespace warren::system
