#include <poll.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <utility>

#include <warren/lab/world.hpp>

namespace warren::lab {
namespace {

/// The wait status as waitpid(2) gives it, from what waitid(2) says.
int wait_status(const siginfo_t& info) {
  const int value = info.si_status;
  if (info.si_code == CLD_EXITED) return W_EXITCODE(value, 0);
  return W_EXITCODE(0, value) | (info.si_code == CLD_DUMPED ? WCOREFLAG : 0);
}

/// Readable within the time; a signal does not end the wait early.
bool wait_readable(int fd, base::Duration timeout) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + timeout;
  for (;;) {
    const auto left = std::max(end - Clock::now(), Clock::duration::zero());
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec limit{.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
    pollfd entry{fd, POLLIN, 0};
    const int result = ::ppoll(&entry, 1, &limit, nullptr);
    if (result >= 0 || errno != EINTR) return result > 0;
  }
}

}  // namespace

Process::Process(base::Fd pidfd, pid_t pid) noexcept : pidfd_(std::move(pidfd)), pid_(pid) {}

Process::Process(Process&& other) noexcept
    : pidfd_(std::move(other.pidfd_)),
      pid_(std::exchange(other.pid_, -1)),
      status_(std::exchange(other.status_, std::nullopt)) {}

Process& Process::operator=(Process&& other) noexcept {
  if (this != &other) {
    end();
    pidfd_ = std::move(other.pidfd_);
    pid_ = std::exchange(other.pid_, -1);
    status_ = std::exchange(other.status_, std::nullopt);
  }
  return *this;
}

Process::~Process() {
  end();
}

std::optional<int> Process::wait(base::Duration timeout) {
  if (status_ || pid_ < 0) return status_;
  if (!wait_readable(pidfd_.get(), timeout)) return std::nullopt;
  // It stays a zombie until the destructor: until then its number names its group, and nobody
  // else's.
  siginfo_t info{};
  if (::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED | WNOWAIT) == 0) {
    status_ = wait_status(info);
  }
  return status_;
}

void Process::signal(int signal_number) noexcept {
  if (pid_ > 0) ::kill(-pid_, signal_number);
}

void Process::end() noexcept {
  if (pid_ < 0) return;
  signal(SIGKILL);
  siginfo_t info{};
  while (::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

}  // namespace warren::lab
