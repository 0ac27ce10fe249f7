// posix_spawn(3) knows nothing of namespaces, but a child is born where the thread that makes it
// is: a thread of its own enters them first, and ends with the call. It is also what makes a child
// in another process namespace possible without the caller losing the ability to start threads,
// which unshare(CLONE_NEWPID) and setns(2) take from the thread that calls them.
#include <fcntl.h>
#include <fmt/core.h>
#include <sched.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string_view>

#include <warren/base/assert.hpp>
#include <warren/base/error.hpp>
#include <warren/system/namespaces.hpp>
#include <warren/system/spawn.hpp>

namespace warren::system {
namespace {

class Attributes {
 public:
  Attributes() {
    ::posix_spawnattr_init(&attributes_);
    sigset_t signals;
    ::sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes_, &signals);
    ::sigfillset(&signals);
    ::posix_spawnattr_setsigdefault(&attributes_, &signals);
    ::posix_spawnattr_setflags(
        &attributes_,
        static_cast<short>(POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
  }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  ~Attributes() { ::posix_spawnattr_destroy(&attributes_); }
  [[nodiscard]] const posix_spawnattr_t* get() const noexcept { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
};

class Actions {
 public:
  explicit Actions(const SpawnRequest& request) {
    ::posix_spawn_file_actions_init(&actions_);
    connect(STDIN_FILENO, request.standard_input, O_RDONLY);
    connect(STDOUT_FILENO, request.standard_output, O_WRONLY);
    connect(STDERR_FILENO, request.standard_error, O_WRONLY);
    if (!request.directory.empty()) {
      ::posix_spawn_file_actions_addchdir_np(&actions_, request.directory.c_str());
    }
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
  }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;
  ~Actions() { ::posix_spawn_file_actions_destroy(&actions_); }
  [[nodiscard]] const posix_spawn_file_actions_t* get() const noexcept { return &actions_; }

 private:
  void connect(int standard, int fd, int mode) {
    if (fd >= 0) {
      ::posix_spawn_file_actions_adddup2(&actions_, fd, standard);
    } else {
      ::posix_spawn_file_actions_addopen(&actions_, standard, "/dev/null", mode, 0);
    }
  }
  posix_spawn_file_actions_t actions_{};
};

std::vector<std::string> environment_of(const SpawnRequest& request) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto name = text.substr(0, text.find('='));
    bool replaced = false;
    for (const auto& [key, value] : request.environment) replaced |= key == name;
    if (!replaced) result.emplace_back(text);
  }
  for (const auto& [key, value] : request.environment) {
    result.push_back(fmt::format("{}={}", key, value));
  }
  return result;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (auto& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

void enter(int fd, int kind, const char* what) {
  if (fd < 0) return;
  base::check_system_call(::setns(fd, kind), "entering", what);
}

void enter(const SpawnPlace& place) {
  enter(place.net, CLONE_NEWNET, "a network namespace");
  enter(place.uts, CLONE_NEWUTS, "a host name's namespace");
  if (place.mount >= 0) {
    // A thread shares its root and directory with the others, which forbids it to change them.
    base::check_system_call(::unshare(CLONE_FS), "leaving", "the shared working directory");
    enter(place.mount, CLONE_NEWNS, "a mount namespace");
  }
  enter(place.pid, CLONE_NEWPID, "a process namespace");
}

}  // namespace

Spawned spawn(const SpawnRequest& request) {
  WARREN_ASSERT(!request.arguments.empty(), "standard_output={}", request.standard_output);
  auto arguments = request.arguments;
  auto environment = environment_of(request);
  const auto argument_pointers = pointers_to(arguments);
  const auto environment_pointers = pointers_to(environment);
  const Attributes attributes;
  const Actions actions(request);
  Spawned spawned;
  run_in_own_thread([&] {
    enter(request.place);
    const int error =
        ::posix_spawnp(&spawned.pid, arguments.front().c_str(), actions.get(), attributes.get(),
                       argument_pointers.data(), environment_pointers.data());
    if (error != 0) throw base::SystemError("starting", request.arguments.front(), error);
  });
  // Nobody else waits for the child, so that its number cannot be another's by now.
  spawned.pidfd =
      base::Fd(base::check_system_call(static_cast<int>(::syscall(SYS_pidfd_open, spawned.pid, 0)),
                                       "watching", request.arguments.front()));
  return spawned;
}

}  // namespace warren::system
