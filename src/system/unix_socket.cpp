#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include <warren/base/error.hpp>
#include <warren/system/unix_socket.hpp>

namespace warren::system {
namespace {

constexpr int kBacklog = 16;

bool fits(const std::filesystem::path& path) {
  return !path.empty() && path.native().size() < sizeof(sockaddr_un::sun_path);
}

sockaddr_un address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto& text = path.native();
  if (!fits(path)) {
    throw base::Error(
        fmt::format("{}: {} bytes is not a length for a socket's path", text, text.size()),
        fmt::format("use 1 to {} bytes", sizeof address.sun_path - 1));
  }
  text.copy(address.sun_path, text.size());
  return address;
}

base::Fd stream_socket(int flags) {
  return base::Fd(base::check_system_call(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0),
                                          "opening", "a Unix socket"));
}

int try_connect(int fd, const sockaddr_un& address) {
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

void make_directory(const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory.parent_path(), error);
  if (!error && ::mkdir(directory.c_str(), 0700) == 0) {
    // The umask can only have taken away more than it should.
    base::check_system_call(::chmod(directory.c_str(), 0700), "setting the mode of", directory);
    return;
  }
  const int number = error ? error.value() : errno;
  if (number != EEXIST) throw base::SystemError("making the directory", directory, number);
}

/// Serialises the look at a stale socket, its removal and the new one's bind among processes:
/// without it, two that start at once could each remove the other's fresh socket.
base::Fd lock_directory(const std::filesystem::path& directory) {
  base::Fd fd(base::check_system_call(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC),
                                      "opening the directory", directory));
  int result = 0;
  do {
    result = ::flock(fd.get(), LOCK_EX);
  } while (result < 0 && errno == EINTR);
  base::check_system_call(result, "locking the directory", directory);
  return fd;
}

/// Removes a socket that nobody listens on. Throws when somebody does, or when it is no socket.
void remove_stale(const std::filesystem::path& path, const sockaddr_un& address) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) < 0) return;
  if (!S_ISSOCK(info.st_mode)) {
    throw base::Error(
        fmt::format("listening at {}: something that is no socket is there", path.native()),
        "remove it, or choose another path");
  }
  // Non-blocking: EAGAIN is a listener whose queue is full.
  const auto probe = stream_socket(SOCK_NONBLOCK);
  if (try_connect(probe.get(), address) == 0 || errno != ECONNREFUSED) {
    throw base::Error(fmt::format("listening at {}: already running: another process listens there",
                                  path.native()),
                      "end that process first");
  }
  if (::unlink(path.c_str()) < 0 && errno != ENOENT) {
    throw base::SystemError("removing the stale socket", path, errno);
  }
}

}  // namespace

UnixListener::UnixListener(std::filesystem::path path) : path_(std::move(path)) {
  const auto address = address_of(path_);
  const auto directory = path_.has_parent_path() ? path_.parent_path() : ".";
  make_directory(directory);
  const auto lock = lock_directory(directory);
  remove_stale(path_, address);
  fd_ = stream_socket(SOCK_NONBLOCK);
  // bind(2) gives the file the descriptor's own mode (less the umask): no moment with a wider one.
  base::check_system_call(::fchmod(fd_.get(), 0600), "setting the mode of", path_);
  base::check_system_call(
      ::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), "binding",
      path_);
  struct stat info {};
  base::check_system_call(::lstat(path_.c_str(), &info), "looking at", path_);
  device_ = info.st_dev;
  inode_ = info.st_ino;
  base::check_system_call(::listen(fd_.get(), kBacklog), "listening at", path_);
}

UnixListener::~UnixListener() {
  // Removed before it is closed, so that a successor finds either a live socket or none.
  struct stat info {};
  if (::lstat(path_.c_str(), &info) == 0 && info.st_dev == device_ && info.st_ino == inode_) {
    ::unlink(path_.c_str());
  }
}

base::Fd UnixListener::accept() {
  for (;;) {
    base::Fd connection(::accept4(fd_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (connection) return connection;
    if (errno == EAGAIN) return {};
    if (errno == EINTR || errno == ECONNABORTED) continue;
    throw base::SystemError("accepting a connection at", path_, errno);
  }
}

base::Fd connect_unix(const std::filesystem::path& path, std::chrono::seconds timeout) {
  const auto address = address_of(path);
  auto fd = stream_socket(0);
  const timeval wait{.tv_sec = timeout.count(), .tv_usec = 0};
  for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO}) {
    base::check_system_call(::setsockopt(fd.get(), SOL_SOCKET, option, &wait, sizeof wait),
                            "setting a timeout of", "a Unix socket");
  }
  if (try_connect(fd.get(), address) == 0) return fd;
  const int error = errno;
  std::string hint;
  if (error == ENOENT || error == ECONNREFUSED) {
    hint = "nobody listens there: is the interface running?";
  } else if (error == EACCES || error == EPERM) {
    hint = "run as the user who started it, or as root";
  }
  throw base::SystemError("connecting to", path, error, hint);
}

bool is_listening(const std::filesystem::path& path) {
  if (!fits(path)) return false;
  const auto fd = stream_socket(SOCK_NONBLOCK);
  // EAGAIN: its queue is full.
  return try_connect(fd.get(), address_of(path)) == 0 || errno == EAGAIN;
}

}  // namespace warren::system
