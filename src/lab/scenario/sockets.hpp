// Sockets inside a node, and the little that all probes do with them.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>

#include <warren/base/fd.hpp>
#include <warren/base/ip.hpp>
#include <warren/base/time.hpp>

namespace warren::lab {

/// A non-blocking socket in `netns` of the family of `address`. Throws base::SystemError.
base::Fd make_socket(int netns, const base::IpAddress& address, int type, int protocol = 0);

/// An option that takes an int. Throws base::SystemError; `name` is for its message.
void set_option(const base::Fd& socket, int level, int option, int value, const char* name);
/// The same where it is a wish: false when the kernel refuses.
bool try_option(const base::Fd& socket, int level, int option, int value) noexcept;

/// The buffer sizes, past the system's limit where this process may.
void set_buffers(const base::Fd& socket, int bytes) noexcept;

/// Both return 0 or an errno.
int bind_to(const base::Fd& socket, const base::IpAddress& address, std::uint16_t port) noexcept;
int connect_to(const base::Fd& socket, const base::IpAddress& address, std::uint16_t port) noexcept;

/// SO_ERROR: the pending error, cleared by asking.
int pending_error(const base::Fd& socket) noexcept;

/// The moment in a received message's control data (SO_TIMESTAMPNS).
std::optional<base::WallTime> receive_stamp(const msghdr& message) noexcept;
/// How many packets the socket has dropped so far (SO_RXQ_OVFL).
std::optional<std::uint32_t> overflow_count(const msghdr& message) noexcept;

/// Takes everything from the error queue and returns the last: "No route to host, says 10.0.0.1";
/// empty when there was nothing.
std::string drain_errors(const base::Fd& socket);

}  // namespace warren::lab
