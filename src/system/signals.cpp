#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

#include <warren/base/error.hpp>
#include <warren/system/signals.hpp>

namespace warren::system {

SignalFd::SignalFd(std::initializer_list<int> signals) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : signals) ::sigaddset(&set, number);
  fd_ = base::Fd(base::check_system_call(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC),
                                         "opening", "a signalfd"));
  ::pthread_sigmask(SIG_BLOCK, &set, &old_mask_);  // fails only for a bad first argument
}

SignalFd::~SignalFd() {
  ::pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr);
}

std::vector<int> SignalFd::drain() {
  std::vector<int> signals;
  for (;;) {
    signalfd_siginfo info{};
    const auto bytes = ::read(fd_.get(), &info, sizeof info);
    if (bytes == static_cast<ssize_t>(sizeof info)) {
      signals.push_back(static_cast<int>(info.ssi_signo));
      continue;
    }
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0 && errno != EAGAIN) throw base::SystemError("reading", "a signalfd", errno);
    return signals;
  }
}

}  // namespace warren::system
