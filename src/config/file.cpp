#include "file.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>

#include <warren/base/error.hpp>
#include <warren/base/fd.hpp>
#include <warren/config/model.hpp>
#include <warren/crypto/keys.hpp>

#include "limits.hpp"

namespace warren::config {

FileText read_file(const std::filesystem::path& file, std::size_t max_bytes) {
  const std::string& name = file.native();
  // O_NONBLOCK: opening a FIFO must not wait for its writer.
  const base::Fd fd(base::check_system_call(
      open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), "open", name));
  // The mode of the file that was opened, not of what has the name a moment later.
  struct stat status {};
  base::check_system_call(fstat(fd.get(), &status), "examine", name);
  if (S_ISDIR(status.st_mode)) throw ConfigError(name + ": this is a directory, not a file", {});
  if (!S_ISREG(status.st_mode)) throw ConfigError(name + ": this is not a regular file", {});

  FileText result{.text = {}, .mode = status.st_mode & 07777U};
  // A text that grows leaves copies of the keys in it behind.
  result.text.reserve(std::min(static_cast<std::size_t>(status.st_size), max_bytes));
  std::array<char, 65536> chunk;
  for (;;) {
    const ssize_t count = read(fd.get(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw base::SystemError("read", name, errno);
    if (count == 0) return result;
    if (result.text.size() + static_cast<std::size_t>(count) > max_bytes) {
      throw ConfigError(fmt::format("{}: the file has more than {} bytes", name, max_bytes), {});
    }
    result.text.append(chunk.data(), static_cast<std::size_t>(count));
    crypto::wipe(std::as_writable_bytes(std::span(chunk)));
  }
}

bool is_open_to_others(mode_t mode) noexcept {
  return (mode & 077U) != 0;
}

std::string chmod_hint(const std::filesystem::path& file) {
  return fmt::format("chmod 600 {}", file.native());
}

std::string read_text_file(const std::filesystem::path& file) {
  return read_file(file, kMaxFileBytes).text;
}

}  // namespace warren::config
