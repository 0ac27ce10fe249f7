#include <unistd.h>

#include <warren/base/fd.hpp>

namespace warren::base {

void Fd::reset(int fd) noexcept {
  // close(2) frees the descriptor on Linux whatever it returns: never try again.
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

}  // namespace warren::base
