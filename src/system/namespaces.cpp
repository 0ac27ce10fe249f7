#include <fcntl.h>
#include <fmt/core.h>
#include <sched.h>
#include <sys/stat.h>

#include <cerrno>
#include <exception>
#include <string>
#include <thread>

#include <warren/base/error.hpp>
#include <warren/system/namespaces.hpp>

namespace warren::system {

base::Fd current_netns() {
  constexpr const char* kPath = "/proc/thread-self/ns/net";
  return base::Fd(base::check_system_call(::open(kPath, O_RDONLY | O_CLOEXEC), "opening", kPath));
}

base::Fd open_netns(std::string_view name_or_path) {
  const bool is_path = name_or_path.find('/') != std::string_view::npos;
  const auto path =
      is_path ? std::string(name_or_path) : fmt::format("/run/netns/{}", name_or_path);
  return base::Fd(base::check_system_call(
      ::open(path.c_str(), O_RDONLY | O_CLOEXEC), "opening the network namespace", path,
      is_path ? "" : "`ip netns list` shows the namespaces with a name"));
}

bool same_netns(int left, int right) noexcept {
  struct stat one {};
  struct stat other {};
  return ::fstat(left, &one) == 0 && ::fstat(right, &other) == 0 && one.st_dev == other.st_dev &&
         one.st_ino == other.st_ino;
}

void run_in_own_thread(const std::function<void()>& work) {
  std::exception_ptr failure;
  std::thread([&] {
    try {
      work();
    } catch (...) {
      failure = std::current_exception();
    }
  }).join();
  if (failure) std::rethrow_exception(failure);
}

void enter_netns(int netns) {
  base::check_system_call(::setns(netns, CLONE_NEWNET), "entering", "a network namespace",
                          "this needs CAP_SYS_ADMIN: run as root");
}

base::Fd create_netns() {
  if (::unshare(CLONE_NEWNET) < 0) {
    const int error = errno;
    throw base::SystemError(
        "making", "a network namespace", error,
        error == ENOSPC  ? "there are as many as allowed: raise the sysctl user.max_net_namespaces"
        : error == EPERM ? "this needs CAP_SYS_ADMIN: run as root"
                         : "");
  }
  return current_netns();
}

void run_in_netns(int netns, const std::function<void()>& work) {
  run_in_own_thread([&] {
    enter_netns(netns);
    work();
  });
}

}  // namespace warren::system
