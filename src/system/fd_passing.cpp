#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include <warren/base/assert.hpp>
#include <warren/base/error.hpp>
#include <warren/system/fd_passing.hpp>

namespace warren::system {
namespace {

constexpr std::size_t kControlBytes = CMSG_SPACE(kPassedMost * sizeof(int));

ssize_t send_first(int socket, std::string_view text, std::span<const int> fds) {
  iovec piece{.iov_base = const_cast<char*>(text.data()), .iov_len = text.size()};
  alignas(cmsghdr) std::array<std::byte, kControlBytes> control{};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
  }
  return ::sendmsg(socket, &message, MSG_NOSIGNAL);
}

void take_descriptors(msghdr& message, std::vector<base::Fd>& fds) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
      fds.emplace_back(fd);
    }
  }
}

}  // namespace

void send_line(int socket, std::string_view line, std::span<const int> fds) {
  WARREN_ASSERT(fds.size() <= kPassedMost, "fds={}", fds.size());
  const std::string text = std::string(line) + '\n';
  std::string_view left(text);
  while (!left.empty()) {
    const auto sent = send_first(socket, left, fds);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) throw base::SystemError("sending to", "a Unix socket", errno);
    left.remove_prefix(static_cast<std::size_t>(sent));
    fds = {};
  }
}

bool LineReader::receive(int socket) {
  std::array<char, 16384> bytes{};
  iovec piece{.iov_base = bytes.data(), .iov_len = bytes.size()};
  alignas(cmsghdr) std::array<std::byte, kControlBytes> control{};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t received = 0;
  do {
    received = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (received < 0 && errno == EINTR);
  if (received < 0) throw base::SystemError("receiving from", "a Unix socket", errno);
  take_descriptors(message, fds_);
  text_.append(bytes.data(), static_cast<std::size_t>(received));
  return received > 0 && text_.size() <= kMostBytes;
}

}  // namespace warren::system
