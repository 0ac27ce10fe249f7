// Options of sockets.
#pragma once

#include <cstdint>
#include <string>

namespace warren::system {

/// An option that takes an int. Throws SystemError; `what` is the option, for its message.
void set_option(int fd, int level, int option, int value, const std::string& what,
                const std::string& hint = {});
/// The same where it is a wish: false when the kernel refuses.
bool try_option(int fd, int level, int option, int value) noexcept;

/// The sizes of both buffers, past the system's limit where this process may.
void set_buffers(int fd, std::uint32_t bytes) noexcept;

}  // namespace warren::system
