#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include <warren/base/fd.hpp>
#include <warren/control/paths.hpp>

namespace warren::control {
namespace {

bool accepts_connections(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string& text = path.native();
  if (text.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, text.c_str(), text.size() + 1);
  const base::Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  return fd && connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

std::filesystem::path uapi_socket_path(std::string_view name) {
  return std::filesystem::path(kUapiDirectory) / (std::string(name) + ".sock");
}

std::filesystem::path runtime_directory() {
  const char* directory = std::getenv("WARREN_RUNTIME_DIR");
  return directory != nullptr && *directory != '\0' ? directory : "/run/warren";
}

std::filesystem::path control_socket_path(std::string_view name) {
  return runtime_directory() / (std::string(name) + ".sock");
}

std::vector<std::string> running_names() {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(runtime_directory(), error)) {
    const std::filesystem::path& path = entry.path();
    if (path.extension() == ".sock" && accepts_connections(path)) names.push_back(path.stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace warren::control
