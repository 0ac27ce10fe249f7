#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <utility>

#include <warren/base/error.hpp>
#include <warren/system/file_watch.hpp>

namespace warren::system {

// The directory is watched and not the file: a socket's inode lives on while it is bound, so that
// IN_DELETE_SELF on it would come only after the process has closed it.
FileWatch::FileWatch(std::filesystem::path path) : path_(std::move(path)) {
  fd_ = base::Fd(base::check_system_call(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC), "opening",
                                         "an inotify descriptor",
                                         "see the sysctl fs.inotify.max_user_instances"));
  const auto directory = path_.has_parent_path() ? path_.parent_path() : ".";
  constexpr unsigned kEvents =
      IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;
  base::check_system_call(::inotify_add_watch(fd_.get(), directory.c_str(), kEvents | IN_ONLYDIR),
                          "watching the directory", directory,
                          "see the sysctl fs.inotify.max_user_watches");
  struct stat info {};
  base::check_system_call(::lstat(path_.c_str(), &info), "looking at", path_);
  device_ = info.st_dev;
  inode_ = info.st_ino;
}

bool FileWatch::drain() {
  alignas(inotify_event) std::array<std::byte, 4096> events;
  static_assert(sizeof events >= sizeof(inotify_event) + NAME_MAX + 1);
  for (;;) {
    const auto bytes = ::read(fd_.get(), events.data(), events.size());
    if (bytes > 0) continue;  // which event it was does not matter: the path is looked at
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0 && errno != EAGAIN)
      throw base::SystemError("reading", "an inotify descriptor", errno);
    break;
  }
  struct stat info {};
  return ::lstat(path_.c_str(), &info) < 0 || info.st_dev != device_ || info.st_ino != inode_;
}

}  // namespace warren::system
