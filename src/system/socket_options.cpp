#include <sys/socket.h>

#include <algorithm>
#include <limits>

#include <warren/base/error.hpp>
#include <warren/system/socket_options.hpp>

namespace warren::system {

void set_option(int fd, int level, int option, int value, const std::string& what,
                const std::string& hint) {
  base::check_system_call(::setsockopt(fd, level, option, &value, sizeof value), "setting", what,
                          hint);
}

bool try_option(int fd, int level, int option, int value) noexcept {
  return ::setsockopt(fd, level, option, &value, sizeof value) == 0;
}

void set_buffers(int fd, std::uint32_t bytes) noexcept {
  // The kernel doubles the value, so half of INT_MAX is the most it can take.
  const int value = static_cast<int>(std::min<std::uint32_t>(
      bytes, static_cast<std::uint32_t>(std::numeric_limits<int>::max()) / 2));
  if (!try_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, value)) {
    try_option(fd, SOL_SOCKET, SO_RCVBUF, value);
  }
  if (!try_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, value)) {
    try_option(fd, SOL_SOCKET, SO_SNDBUF, value);
  }
}

}  // namespace warren::system
