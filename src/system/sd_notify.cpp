#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <warren/base/fd.hpp>
#include <warren/system/sd_notify.hpp>

namespace warren::system {

bool sd_notify(std::string_view state) noexcept {
  const char* variable = std::getenv("NOTIFY_SOCKET");
  if (variable == nullptr) return false;
  const std::string_view name(variable);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name.size() < 2 || name.size() >= sizeof address.sun_path) return false;
  if (name[0] != '/' && name[0] != '@') return false;
  name.copy(address.sun_path, name.size());
  if (name[0] == '@') address.sun_path[0] = '\0';
  // An abstract name is exactly as long as the address says: no byte behind it may count.
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  const base::Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return false;
  const auto sent = ::sendto(fd.get(), state.data(), state.size(), MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&address), length);
  return sent == static_cast<ssize_t>(state.size());
}

bool sd_notify_ready() noexcept {
  return sd_notify("READY=1");
}

bool sd_notify_reloading() {
  // systemd wants the time to tell this reload from an earlier one.
  timespec now{};
  static_cast<void>(::clock_gettime(CLOCK_MONOTONIC, &now));
  const auto microseconds = static_cast<std::uint64_t>(now.tv_sec) * 1'000'000U +
                            static_cast<std::uint64_t>(now.tv_nsec) / 1'000U;
  return sd_notify(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", microseconds));
}

bool sd_notify_stopping() noexcept {
  return sd_notify("STOPPING=1");
}

}  // namespace warren::system
