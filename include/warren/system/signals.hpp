// Signals as a descriptor (signalfd(2)), so that they arrive in the loop and nowhere else.
#pragma once

#include <csignal>
#include <initializer_list>
#include <vector>

#include <warren/base/fd.hpp>

namespace warren::system {

class SignalFd {
 public:
  /// Blocks the signals in the calling thread: construct it before any other thread starts, since
  /// threads inherit the mask. Throws SystemError.
  explicit SignalFd(std::initializer_list<int> signals);
  SignalFd(const SignalFd&) = delete;
  SignalFd& operator=(const SignalFd&) = delete;
  /// Gives the thread its old mask back; what is pending then is delivered. From the same thread.
  ~SignalFd();

  /// Readable when there is something to drain.
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// The signals that arrived, by number; never blocks. The same signal twice may arrive as one.
  std::vector<int> drain();

 private:
  sigset_t old_mask_{};
  base::Fd fd_;
};

}  // namespace warren::system
