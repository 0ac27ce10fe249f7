#include "node_mounts.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <warren/base/error.hpp>
#include <warren/system/namespaces.hpp>

namespace warren::lab {
namespace {

base::Fd open_own(const char* path) {
  return base::Fd(base::check_system_call(::open(path, O_RDONLY | O_CLOEXEC), "opening", path));
}

/// Whether there is a /proc at `path`: one that could not be mounted is an empty folder.
bool is_proc(const std::string& path) {
  return ::access((path + "/self").c_str(), F_OK) == 0 ||
         ::access((path + "/1").c_str(), F_OK) == 0;
}

}  // namespace

NodeMounts make_node_mounts(int netns, const std::string& name) {
  NodeMounts made;
  system::run_in_own_thread([&] {
    system::enter_netns(netns);  // sysfs shows the devices of the namespace it is mounted in
    base::check_system_call(::unshare(CLONE_NEWNS | CLONE_NEWUTS), "making",
                            "a mount namespace for a node",
                            "user.max_mnt_namespaces and user.max_uts_namespaces limit them");
    base::check_system_call(::sethostname(name.data(), name.size()), "naming", name);
    for (const char* own : {"/run/warren", "/run/wireguard"}) {
      base::check_system_call(
          ::mount("tmpfs", own, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=64m"), "mounting",
          own);
    }
    // Both may be refused in a container that hides parts of its own.
    ::mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr);
    made.mount = open_own("/proc/thread-self/ns/mnt");
    made.uts = open_own("/proc/thread-self/ns/uts");
    // The last step: this thread is not among the processes that it shows.
    if (is_proc(kLabProc)) ::mount(kLabProc, "/proc", nullptr, MS_BIND | MS_REC, nullptr);
  });
  return made;
}

}  // namespace warren::lab
