// Sockets inside a node, and the little that all probes do with them.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <warren/base/bytes.hpp>
#include <warren/base/fd.hpp>
#include <warren/base/ip.hpp>
#include <warren/base/time.hpp>

namespace warren::lab {

/// A non-blocking socket in `netns` of the family of `address`. Throws base::SystemError.
base::Fd make_socket(int netns, const base::IpAddress& address, int type, int protocol = 0);

/// Both return 0 or an errno.
int bind_to(const base::Fd& socket, const base::IpAddress& address, std::uint16_t port) noexcept;
int connect_to(const base::Fd& socket, const base::IpAddress& address, std::uint16_t port) noexcept;

/// SO_ERROR: the pending error, cleared by asking.
int pending_error(const base::Fd& socket) noexcept;

/// One datagram and its control data, as far as there is room: for probes, whose packets say what
/// they have to say at their beginning.
class ReceivedMessage {
 public:
  ReceivedMessage() noexcept = default;
  ReceivedMessage(const ReceivedMessage&) = delete;
  ReceivedMessage& operator=(const ReceivedMessage&) = delete;

  /// recvmsg(2), and what it returns.
  ssize_t receive(const base::Fd& socket, int flags) noexcept;

  [[nodiscard]] const msghdr& header() const noexcept { return header_; }
  /// All of the room, whatever was received.
  [[nodiscard]] base::ConstBytes data() const noexcept { return data_; }

 private:
  std::array<std::byte, 256> data_{};
  alignas(cmsghdr) std::array<char, 512> control_{};
  iovec piece_{};
  msghdr header_{};
};

/// The moment in a received message's control data (SO_TIMESTAMPNS).
std::optional<base::WallTime> receive_stamp(const msghdr& message) noexcept;
/// How many packets the socket has dropped so far (SO_RXQ_OVFL).
std::optional<std::uint32_t> overflow_count(const msghdr& message) noexcept;

/// Takes everything from the error queue and returns the last: "No route to host, says 10.0.0.1";
/// empty when there was nothing.
std::string drain_errors(const base::Fd& socket);

}  // namespace warren::lab
