#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include <warren/base/error.hpp>
#include <warren/base/fd.hpp>
#include <warren/control/control_client.hpp>
#include <warren/control/paths.hpp>

namespace warren::control {
namespace {

constexpr time_t kTimeoutS = 10;

base::Fd connect_to(const std::string& name) {
  const std::filesystem::path path = control_socket_path(name);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof address.sun_path) {
    throw base::Error(fmt::format("the path {} is too long for a socket", path.native()));
  }
  std::memcpy(address.sun_path, path.c_str(), path.native().size() + 1);
  base::Fd fd(
      base::check_system_call(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "open", "a socket"));
  const timeval timeout{kTimeoutS, 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return fd;
  if (errno == ENOENT || errno == ECONNREFUSED) {
    const auto names = running_names();
    throw base::Error(fmt::format("no tunnel named {} is running", name),
                      names.empty() ? "none is running; `warren up FILE` starts one"
                                    : fmt::format("running: {}", fmt::join(names, ", ")));
  }
  throw base::SystemError("connect to", path, errno,
                          errno == EACCES ? "run this as the user that started the tunnel" : "");
}

}  // namespace

nlohmann::json ask(const std::string& name, std::string_view request) {
  const base::Fd fd = connect_to(name);
  const std::string line = std::string(request) + "\n";
  if (send(fd.get(), line.data(), line.size(), MSG_NOSIGNAL) < 0) {
    throw base::SystemError("ask tunnel", name, errno);
  }
  std::string answer;
  char buffer[16 * 1024];
  while (answer.empty() || answer.back() != '\n') {
    const ssize_t n = recv(fd.get(), buffer, sizeof buffer, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      throw base::SystemError("wait for the answer of tunnel", name,
                              errno == EAGAIN ? ETIMEDOUT : errno);
    }
    if (n == 0) throw base::Error(fmt::format("tunnel {} closed the connection", name));
    answer.append(buffer, static_cast<std::size_t>(n));
  }
  try {
    return nlohmann::json::parse(answer);
  } catch (const nlohmann::json::exception&) {
    throw base::Error(fmt::format("tunnel {} gave an answer that is not JSON", name),
                      "is it another version of Warren?");
  }
}

}  // namespace warren::control
