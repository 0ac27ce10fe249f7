#include "user_namespace.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <string>
#include <string_view>

#include <warren/base/error.hpp>
#include <warren/base/fd.hpp>

namespace warren::lab {
namespace {

std::string read_setting(const char* path) {
  std::string text;
  std::ifstream(path) >> text;
  return text;
}

bool has_seccomp_filter() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("Seccomp:")) return line.find('2') != std::string::npos;
  }
  return false;
}

/// What forbids it, with the remedy: the settings that are known to, then the rest by errno.
std::string reason(int error) {
  if (read_setting("/proc/sys/kernel/unprivileged_userns_clone") == "0") {
    return "kernel.unprivileged_userns_clone is 0: `sysctl -w kernel.unprivileged_userns_clone=1` "
           "as root allows it, or run this as root";
  }
  if (read_setting("/proc/sys/user/max_user_namespaces") == "0" || error == ENOSPC ||
      error == EUSERS) {
    return "user.max_user_namespaces is 0 or used up: `sysctl -w user.max_user_namespaces=10000` "
           "as "
           "root raises it, or run this as root";
  }
  if (read_setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1") {
    return "AppArmor forbids it (kernel.apparmor_restrict_unprivileged_userns is 1): `sysctl -w "
           "kernel.apparmor_restrict_unprivileged_userns=0` as root allows it, or give warren a "
           "profile with `userns,`, or run this as root";
  }
  if ((error == EPERM || error == ENOSYS) && has_seccomp_filter()) {
    return "a seccomp filter is on, as container runtimes set it: start the container with "
           "`--security-opt seccomp=unconfined` (or `--privileged`), or run this outside of it";
  }
  if (error == EPERM) {
    return "the process may be in a chroot, or a security module forbids it: run this as root";
  }
  if (error == EINVAL || error == ENOSYS) return "the kernel is built without CONFIG_USER_NS";
  return "run this as root";
}

[[noreturn]] void throw_forbidden(std::string_view doing, int error) {
  throw base::SystemError(std::string(doing), "a user namespace", error, reason(error));
}

void write_file(const char* path, const std::string& text) {
  const base::Fd file(::open(path, O_WRONLY | O_CLOEXEC));
  if (!file || ::write(file.get(), text.data(), text.size()) < 0) {
    throw_forbidden(fmt::format("writing {} of", path), errno);
  }
}

}  // namespace

void enter_user_namespace() {
  const auto user = ::geteuid();
  const auto group = ::getegid();
  if (::unshare(CLONE_NEWUSER) < 0) throw_forbidden("making", errno);
  // Without privileges a group may be mapped only once groups cannot be dropped any more
  // (user_namespaces(7)).
  write_file("/proc/self/setgroups", "deny");
  write_file("/proc/self/uid_map", fmt::format("0 {} 1\n", user));
  write_file("/proc/self/gid_map", fmt::format("0 {} 1\n", group));
}

}  // namespace warren::lab
