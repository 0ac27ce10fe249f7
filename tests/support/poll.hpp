// Waiting for a descriptor, with a bound.
#pragma once

#include <poll.h>

#include <cerrno>

namespace warren::test {

/// Whether `fd` becomes ready for `events` within `timeout_ms`. POLLERR and POLLHUP count.
inline bool wait_ready(int fd, int timeout_ms = 5000, short events = POLLIN) {
  pollfd entry{fd, events, 0};
  int result = 0;
  do {
    result = ::poll(&entry, 1, timeout_ms);
  } while (result < 0 && errno == EINTR);
  return result > 0;
}

}  // namespace warren::test
