// Theory of operation. The processes of a lab are the children of one process, which may be killed
// at any moment; that alone would leave them running. They live in a process namespace whose first
// process is the caretaker, and the kernel ends a namespace with its first process. The caretaker
// holds the reading end of a pipe and the lab's process the only writing end: however that process
// ends, the caretaker reads the pipe's end, kills everybody else, removes what the lab has left in
// the machine's file system (it never left the machine's mount namespace, and may do there what the
// user may), and ends. The lab's name stays claimed until then, because the claim is an open file
// description that both processes share; so a lab of the same name cannot come up in between and
// lose its files to the caretaker of the one before.
//
// Signals do not end it: from within its namespace the kernel delivers none to a first process that
// has no handler for it, and from outside only SIGKILL and SIGSTOP. Should both processes be killed
// at once, the next lab command does the rest: clean_stale().
#include "caretaker.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <thread>

#include <warren/base/error.hpp>
#include <warren/lab/claim.hpp>

namespace warren::lab {
namespace {

using namespace std::chrono_literals;

/// The caller's other descriptors would be kept open by us: a reader of its output would wait for
/// an end that does not come.
void close_all_but(int pipe, int claim) {
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (null >= 0) ::dup2(null, standard);
  }
  std::array<int, 2> keep{pipe, claim};
  std::sort(keep.begin(), keep.end());
  unsigned from = STDERR_FILENO + 1;
  for (const int fd : keep) {
    if (fd < static_cast<int>(from)) continue;
    if (fd > static_cast<int>(from)) ::close_range(from, static_cast<unsigned>(fd) - 1, 0);
    from = static_cast<unsigned>(fd) + 1;
  }
  ::close_range(from, ~0U, 0);
}

void kill_all_others() {
  // Those that the lab's process started are reaped by whoever inherited them, not by us.
  for (int i = 0; i < 2000 && ::kill(-1, SIGKILL) == 0; ++i) std::this_thread::sleep_for(1ms);
}

[[noreturn]] void run(int pipe, Claim* claim) {
  ::prctl(PR_SET_NAME, "warren-lab-care");
  static_cast<void>(::signal(SIGCHLD, SIG_IGN));  // orphans that become ours leave no zombies
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  close_all_but(pipe, claim == nullptr ? -1 : claim->lock());
  static_cast<void>(::chdir("/"));
  char byte = 0;
  while (::read(pipe, &byte, 1) < 0 && errno == EINTR) {
  }
  kill_all_others();
  if (claim != nullptr) claim->remove();
  ::_exit(0);
}

}  // namespace

Caretaker start_caretaker(Claim* claim) {
  std::array<int, 2> ends{};
  base::check_system_call(::pipe2(ends.data(), O_CLOEXEC), "opening", "a pipe");
  const base::Fd reading(ends[0]);
  base::Fd writing(ends[1]);
  // As fork(2), with a namespace for the child alone: unshare(2) would forbid us threads.
  const auto pid = static_cast<pid_t>(::syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0));
  if (pid == 0) {
    writing.reset();
    run(reading.get(), claim);
  }
  if (pid < 0) {
    const int error = errno;
    throw base::SystemError(
        "making", "a process namespace", error,
        error == ENOSPC ? "there are as many as allowed: raise the sysctl user.max_pid_namespaces"
                        : "");
  }
  return {pid, std::move(writing)};
}

}  // namespace warren::lab
