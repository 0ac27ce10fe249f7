// Tells when a file, e.g. a Unix socket, is removed or replaced (inotify(7)).
#pragma once

#include <sys/stat.h>

#include <filesystem>

#include <warren/base/fd.hpp>

namespace warren::system {

class FileWatch {
 public:
  /// Watches what is at `path` now. Throws SystemError (ENOENT when there is nothing).
  explicit FileWatch(std::filesystem::path path);

  /// Readable when something happened in the file's directory.
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// Never blocks. True when the file is no longer at the path: removed, renamed, or replaced by
  /// another one. Throws SystemError.
  bool drain();

 private:
  std::filesystem::path path_;
  base::Fd fd_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace warren::system
