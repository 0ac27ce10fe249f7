#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cstddef>
#include <cstdlib>
#include <string>

#include <warren/base/fd.hpp>
#include <warren/system/sd_notify.hpp>

#include "support/temp_dir.hpp"

using namespace warren;

namespace {

/// Plays the service manager at NOTIFY_SOCKET `name`.
class Manager {
 public:
  explicit Manager(const std::string& name)
      : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path, name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    REQUIRE(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), length) == 0);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  ~Manager() { ::unsetenv("NOTIFY_SOCKET"); }
  std::string heard() {
    std::array<char, 128> text{};
    const auto bytes = ::recv(fd_.get(), text.data(), text.size(), 0);
    return bytes < 0 ? "" : std::string(text.data(), static_cast<std::size_t>(bytes));
  }

 private:
  base::Fd fd_;
};

}  // namespace

TEST_CASE("the service manager hears the states") {
  const test::TempDir directory;
  const bool abstract = GENERATE(false, true);
  Manager manager(abstract ? fmt::format("@warren-test-{}", ::getpid())
                           : (directory.path() / "notify").string());
  CHECK(system::sd_notify_ready());
  CHECK(manager.heard() == "READY=1");
  CHECK(system::sd_notify_reloading());
  CHECK(manager.heard().starts_with("RELOADING=1\nMONOTONIC_USEC="));
  CHECK(system::sd_notify_stopping());
  CHECK(manager.heard() == "STOPPING=1");
}

TEST_CASE("without a service manager nothing is sent") {
  ::unsetenv("NOTIFY_SOCKET");
  CHECK_FALSE(system::sd_notify_ready());
}

TEST_CASE("a service manager that is gone or malformed is no error") {
  const auto name = GENERATE(std::string("/nonexistent/notify"), std::string("relative"),
                             std::string("@"), std::string(), std::string(200, '/'));
  ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  CHECK_FALSE(system::sd_notify_ready());
  ::unsetenv("NOTIFY_SOCKET");
}
