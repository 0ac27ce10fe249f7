// Two habits of Unix sockets at a path that unix(7) leaves out.
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <string>

#include <warren/base/fd.hpp>

#include "support/temp_dir.hpp"

using namespace warren;

namespace {

void bind_to(int fd, const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
}

}  // namespace

TEST_CASE("a socket's file gets the mode that the descriptor had before bind") {
  const test::TempDir directory;
  const auto path = (directory.path() / "socket").string();
  const base::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::fchmod(fd.get(), 0600) == 0);
  const auto old_mask = ::umask(0);
  bind_to(fd.get(), path);
  ::umask(old_mask);
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U) == 0600);
}

TEST_CASE("a bound socket's file reports its own deletion only after the socket is closed") {
  const test::TempDir directory;
  const auto path = (directory.path() / "socket").string();
  base::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  bind_to(fd.get(), path);
  const base::Fd watch(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  REQUIRE(::inotify_add_watch(watch.get(), path.c_str(), IN_DELETE_SELF) >= 0);
  std::array<char, 4096> events{};
  REQUIRE(::unlink(path.c_str()) == 0);
  CHECK(::read(watch.get(), events.data(), events.size()) == -1);
  CHECK(errno == EAGAIN);
  fd.reset();
  CHECK(::read(watch.get(), events.data(), events.size()) > 0);
}
