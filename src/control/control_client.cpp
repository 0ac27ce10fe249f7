#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <nlohmann/json.hpp>

#include <warren/base/error.hpp>
#include <warren/base/fd.hpp>
#include <warren/control/control_client.hpp>
#include <warren/control/paths.hpp>
#include <warren/system/unix_socket.hpp>

namespace warren::control {
namespace {

constexpr std::chrono::seconds kTimeout{10};

base::Fd connect_to(const std::string& name) {
  try {
    return system::connect_unix(control_socket_path(name), kTimeout);
  } catch (const base::SystemError& error) {
    if (error.error_number() != ENOENT && error.error_number() != ECONNREFUSED) throw;
  }
  const auto names = running_names();
  throw base::Error(fmt::format("no tunnel named {} is running", name),
                    names.empty() ? "none is running; `warren up FILE` starts one"
                                  : fmt::format("running: {}", fmt::join(names, ", ")));
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
