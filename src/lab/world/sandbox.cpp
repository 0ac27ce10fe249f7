#include <fcntl.h>
#include <fmt/core.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <warren/base/assert.hpp>
#include <warren/base/error.hpp>
#include <warren/base/fd.hpp>
#include <warren/base/system_calls.hpp>
#include <warren/lab/claim.hpp>
#include <warren/lab/sandbox.hpp>
#include <warren/system/harden.hpp>

#include "caretaker.hpp"
#include "node_mounts.hpp"
#include "user_namespace.hpp"

namespace warren::lab {
namespace {

/// A process has one.
struct Sandbox {
  bool entered = false;
  bool own_user = false;
  Caretaker caretaker;
  base::Fd pid, host_mount, user, caretaker_pidfd;
};

Sandbox& sandbox() {
  static Sandbox instance;
  return instance;
}

base::Fd open_namespace(const std::string& path) {
  return base::Fd(
      base::check_system_call(::open(path.c_str(), O_RDONLY | O_CLOEXEC), "opening", path));
}

void mount_or_throw(const char* source, const char* target, const char* type, unsigned long flags,
                    const char* options = nullptr) {
  base::check_system_call(::mount(source, target, type, flags, options), "mounting", target,
                          "the lab needs mounts of its own: in a container start it with "
                          "`--privileged`, or with CAP_SYS_ADMIN and without AppArmor's and "
                          "seccomp's restrictions");
}

void make_folder(const char* path) {
  base::check_system_call(::mkdir(path, 0755), "making the folder", path);
}

/// What every node has its own of, or would find the machine's daemons by.
bool stays_outside(std::string_view name) {
  constexpr std::array<std::string_view, 4> kNames{"warren", "wireguard", "nscd", "lab"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

/// The machine's /run cannot be written to without being root, and should not be by a lab. So there
/// is a new one, with links to what the machine's has.
void replace_run() {
  // Recursive: in a user namespace a part of a tree of mounts cannot be had without what covers it.
  const base::Fd old(base::check_system_call(
      ::open_tree(AT_FDCWD, "/run", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE), "copying",
      "/run", "this needs Linux 5.2 or newer"));
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/run", error)) {
    if (!stays_outside(entry.path().filename().native())) names.push_back(entry.path().filename());
  }
  mount_or_throw("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755");
  make_folder("/run/.host");
  base::check_system_call(
      ::move_mount(old.get(), "", AT_FDCWD, "/run/.host", MOVE_MOUNT_F_EMPTY_PATH), "mounting",
      "/run/.host");
  for (const auto& name : names) {
    const auto link = "/run/" + name;
    base::check_system_call(::symlink((".host/" + name).c_str(), link.c_str()), "linking", link);
  }
  for (const char* folder : {"/run/warren", "/run/wireguard", "/run/lab", kLabProc}) {
    make_folder(folder);
  }
}

/// A /proc of the lab's process namespace, for the nodes: only a process in there can mount it. A
/// container may refuse it; then nodes see the machine's.
void mount_lab_proc(int pid_namespace) {
  const pid_t entering = ::fork();
  if (entering == 0) {
    if (::setns(pid_namespace, CLONE_NEWPID) < 0) ::_exit(1);
    const pid_t inside = ::fork();
    if (inside == 0) {
      ::_exit(::mount("proc", kLabProc, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) == 0
                  ? 0
                  : 1);
    }
    if (inside > 0) base::wait_for_child(inside);
    ::_exit(0);
  }
  if (entering > 0) base::wait_for_child(entering);
}

}  // namespace

void enter_sandbox(Claim* claim) {
  Sandbox& self = sandbox();
  WARREN_ASSERT(!self.entered, "caretaker={}", self.caretaker.pid);
  // A fork copies what is not written yet.
  static_cast<void>(std::fflush(nullptr));
  self.own_user = !system::has_capability(CAP_SYS_ADMIN) || !system::has_capability(CAP_NET_ADMIN);
  self.host_mount = open_namespace("/proc/self/ns/mnt");
  if (self.own_user) {
    enter_user_namespace();
    self.user = open_namespace("/proc/self/ns/user");
  }
  self.caretaker = start_caretaker(claim);
  self.entered = true;
  if (claim != nullptr) claim->hand_over();
  self.caretaker_pidfd = base::Fd(
      base::check_system_call(static_cast<int>(::syscall(SYS_pidfd_open, self.caretaker.pid, 0)),
                              "watching", "the lab's caretaker"));
  self.pid = open_namespace(fmt::format("/proc/{}/ns/pid", self.caretaker.pid));
  base::check_system_call(::unshare(CLONE_NEWNS), "making", "a mount namespace");
  mount_or_throw("none", "/", nullptr, MS_REC | MS_PRIVATE);
  replace_run();
  mount_lab_proc(self.pid.get());
}

void leave_sandbox() noexcept {
  Sandbox& self = sandbox();
  if (!self.entered) return;
  self.caretaker.pipe.reset();
  // Whoever is left was ours, and is killed by the caretaker: it ends after all of them were
  // reaped.
  for (pid_t ended = 0; ended != self.caretaker.pid;) {
    ended = ::waitpid(-1, nullptr, 0);
    if (ended < 0 && errno != EINTR) break;
  }
  self.entered = false;
}

std::filesystem::path sandbox_directory() {
  return "/run/lab";
}

bool rootless() noexcept {
  return sandbox().own_user;
}

SandboxNamespaces sandbox_namespaces() {
  const Sandbox& self = sandbox();
  return {.pid = self.pid.get(),
          .host_mount = self.host_mount.get(),
          .user = self.user.get(),
          .caretaker = self.caretaker_pidfd.get()};
}

}  // namespace warren::lab
