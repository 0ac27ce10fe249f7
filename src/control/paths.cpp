#include <algorithm>
#include <cstdlib>
#include <system_error>

#include <warren/control/paths.hpp>
#include <warren/system/unix_socket.hpp>

namespace warren::control {
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
    if (path.extension() == ".sock" && system::is_listening(path)) names.push_back(path.stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace warren::control
