#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include <warren/base/error.hpp>
#include <warren/base/fd.hpp>
#include <warren/system/sysctl.hpp>

namespace warren::system {
namespace {

std::string path_of(std::string_view key) {
  std::string path(key);
  // As sysctl(8): whichever separator comes first is the separator.
  const auto first = path.find_first_of("./");
  if (first != std::string::npos && path[first] == '.') {
    std::transform(path.begin(), path.end(), path.begin(), [](char c) {
      return c == '.' ? '/' : c == '/' ? '.' : c;
    });
  }
  return "/proc/sys/" + path;
}

const char* hint_for(int error) {
  if (error == ENOENT) return "the kernel has no such setting: `sysctl -a` lists them";
  if (error == EROFS) {
    return "/proc/sys is read-only here: in a container start it with `--privileged`, or with "
           "/proc/sys writable";
  }
  if (error == EACCES || error == EPERM) {
    return "the setting is the whole machine's, or this needs root: only those of the network "
           "namespace can be set in a user namespace";
  }
  return "";
}

}  // namespace

void write_sysctl(std::string_view key, std::string_view value) {
  if (key.find("..") != std::string_view::npos) {
    throw base::Error("setting " + std::string(key) + ": not the name of a setting");
  }
  const auto path = path_of(key);
  const base::Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) throw base::SystemError("setting", std::string(key), errno, hint_for(errno));
  // One write: the kernel takes the value whole or not at all.
  if (::write(fd.get(), value.data(), value.size()) < 0) {
    throw base::SystemError("setting", std::string(key) + " to " + std::string(value), errno,
                            hint_for(errno));
  }
}

}  // namespace warren::system
