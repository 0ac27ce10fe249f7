#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <warren/base/error.hpp>
#include <warren/system/unix_socket.hpp>

#include "support/temp_dir.hpp"

using namespace warren;
using system::connect_unix;
using system::is_listening;
using system::UnixListener;

namespace {

unsigned mode_of(const std::filesystem::path& path) {
  struct stat info {};
  REQUIRE(::lstat(path.c_str(), &info) == 0);
  return info.st_mode & 07777U;
}

/// Leaves a socket behind as a process that was killed does.
void leave_stale_socket(const std::filesystem::path& path) {
  const base::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.native().copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
}

std::string refusal(const std::filesystem::path& path) {
  try {
    const UnixListener listener(path);
  } catch (const base::Error& error) {
    return error.what();
  }
  return "listening";
}

}  // namespace

TEST_CASE("client and server exchange bytes") {
  const test::TempDir directory;
  UnixListener listener(directory.path() / "wr0.sock");
  CHECK_FALSE(listener.accept());
  const auto client = connect_unix(listener.path());
  const auto server = listener.accept();
  REQUIRE(server);
  REQUIRE(::write(client.get(), "get=1\n\n", 7) == 7);
  std::array<char, 16> received{};
  CHECK(::read(server.get(), received.data(), received.size()) == 7);
  CHECK(::read(server.get(), received.data(), received.size()) == -1);
  CHECK(errno == EAGAIN);
}

TEST_CASE("socket and directory are private whatever the umask") {
  const test::TempDir directory;
  const auto old_mask = ::umask(0);
  const UnixListener listener(directory.path() / "run" / "wireguard" / "wr0.sock");
  ::umask(old_mask);
  CHECK(mode_of(listener.path()) == 0600);
  CHECK(mode_of(listener.path().parent_path()) == 0700);
}

TEST_CASE("a narrow umask does not lock the owner out of the directory") {
  const test::TempDir directory;
  const auto old_mask = ::umask(0777);
  std::string outcome = "listening";
  try {
    const UnixListener listener(directory.path() / "wireguard" / "wr0.sock");
  } catch (const base::Error& error) {
    outcome = error.what();
  }
  ::umask(old_mask);
  CHECK(outcome == "listening");
  CHECK(mode_of(directory.path() / "wireguard") == 0700);
}

TEST_CASE("a stale socket is replaced") {
  const test::TempDir directory;
  const auto path = directory.path() / "wr0.sock";
  leave_stale_socket(path);
  const UnixListener listener(path);
  CHECK_NOTHROW(connect_unix(path));
}

TEST_CASE("a socket that somebody listens on is left alone") {
  const test::TempDir directory;
  const UnixListener owner(directory.path() / "wr0.sock");
  CHECK(refusal(owner.path()).find("already running") != std::string::npos);
  CHECK_NOTHROW(connect_unix(owner.path()));
}

TEST_CASE("a file that is no socket is left alone") {
  const test::TempDir directory;
  const auto path = directory.path() / "wr0.sock";
  std::ofstream(path) << "precious";
  CHECK(refusal(path).find("no socket") != std::string::npos);
  CHECK(std::filesystem::file_size(path) == 8);
}

TEST_CASE("a path that is too long for a socket is refused") {
  CHECK(refusal("/tmp/" + std::string(120, 'x')).find("125 bytes") != std::string::npos);
}

TEST_CASE("the socket is removed at the end") {
  const test::TempDir directory;
  const auto path = directory.path() / "wr0.sock";
  { const UnixListener listener(path); }
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a successor's socket at the same path is not removed") {
  const test::TempDir directory;
  const auto path = directory.path() / "wr0.sock";
  {
    const UnixListener first(path);
    std::filesystem::remove(path);
    leave_stale_socket(path);
  }
  CHECK(std::filesystem::exists(path));
}

TEST_CASE("connecting where nobody listens says so") {
  const test::TempDir directory;
  try {
    connect_unix(directory.path() / "wr0.sock");
    FAIL("nothing was thrown");
  } catch (const base::SystemError& error) {
    CHECK(error.error_number() == ENOENT);
    CHECK(error.hint() == "nobody listens there: is the interface running?");
  }
}

TEST_CASE("who listens at a path is told from who has left a socket there") {
  const test::TempDir directory;
  const auto path = directory.path() / "wr0.sock";
  CHECK_FALSE(is_listening(path));
  leave_stale_socket(path);
  CHECK_FALSE(is_listening(path));
  CHECK_FALSE(is_listening("/tmp/" + std::string(120, 'x')));
  const UnixListener listener(path);
  CHECK(is_listening(path));
}

TEST_CASE("a listener that takes no connections listens still, and connecting ends in time") {
  const test::TempDir directory;
  const UnixListener listener(directory.path() / "wr0.sock");
  std::vector<base::Fd> waiting;
  try {
    for (int count = 0; count < 100; ++count) {
      waiting.push_back(connect_unix(listener.path(), std::chrono::seconds(1)));
    }
    FAIL("the queue never filled");
  } catch (const base::SystemError& error) {
    CHECK(error.error_number() == EAGAIN);
  }
  CHECK(is_listening(listener.path()));
}
