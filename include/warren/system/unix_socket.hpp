// Unix stream sockets at a path, as the control servers use them.
#pragma once

#include <sys/stat.h>

#include <chrono>
#include <filesystem>

#include <warren/base/fd.hpp>

namespace warren::system {

class UnixListener {
 public:
  /// Listens at `path`. A missing directory is made with mode 0700; the socket has mode 0600 from
  /// its first moment, whatever the umask grants. A socket that nobody listens on any more is
  /// replaced. Throws Error: "already running" when somebody listens, when something else than a
  /// socket is at the path, or when the path is too long for a socket address; SystemError
  /// otherwise.
  explicit UnixListener(std::filesystem::path path);
  UnixListener(const UnixListener&) = delete;
  UnixListener& operator=(const UnixListener&) = delete;
  /// Removes the socket if the one at the path is still this one.
  ~UnixListener();

  /// Readable when a connection waits.
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  /// A non-blocking connection, or none when no client waits. Throws SystemError (EMFILE, …).
  base::Fd accept();

 private:
  std::filesystem::path path_;
  base::Fd fd_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

/// A blocking connection to `path`. Each wait (for the listener, for room to send, for bytes to
/// receive) ends with EAGAIN after `timeout`; zero: never. Throws SystemError with a hint (ENOENT,
/// ECONNREFUSED: nobody listens there; EACCES: not allowed), Error when the path is too long.
base::Fd connect_unix(const std::filesystem::path& path, std::chrono::seconds timeout = {});

/// Whether somebody listens at `path` whom this process may reach. Never waits.
bool is_listening(const std::filesystem::path& path);

}  // namespace warren::system
