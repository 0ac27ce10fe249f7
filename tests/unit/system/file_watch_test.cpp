#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <optional>

#include <warren/base/error.hpp>
#include <warren/system/file_watch.hpp>
#include <warren/system/unix_socket.hpp>

#include "support/poll.hpp"
#include "support/temp_dir.hpp"

using namespace warren;
using system::FileWatch;

TEST_CASE("the removal of a socket that is still open is noticed") {
  const test::TempDir directory;
  const system::UnixListener listener(directory.path() / "wr0.sock");
  FileWatch watch(listener.path());
  CHECK_FALSE(watch.drain());
  CHECK_FALSE(test::wait_ready(watch.fd(), 0));
  std::filesystem::remove(listener.path());
  CHECK(test::wait_ready(watch.fd()));
  CHECK(watch.drain());
}

TEST_CASE("a file that was replaced counts as removed") {
  const test::TempDir directory;
  const auto path = directory.path() / "file";
  std::ofstream(path) << "old";
  FileWatch watch(path);
  std::ofstream(directory.path() / "new") << "new";
  std::filesystem::rename(directory.path() / "new", path);
  CHECK(test::wait_ready(watch.fd()));
  CHECK(watch.drain());
}

TEST_CASE("a removed directory takes the file with it") {
  const test::TempDir directory;
  const auto path = directory.path() / "sub" / "file";
  std::filesystem::create_directory(path.parent_path());
  std::ofstream(path) << "text";
  FileWatch watch(path);
  std::filesystem::remove_all(path.parent_path());
  CHECK(test::wait_ready(watch.fd()));
  CHECK(watch.drain());
}

TEST_CASE("changes of the file's neighbours are not a removal") {
  const test::TempDir directory;
  const auto path = directory.path() / "file";
  std::ofstream(path) << "text";
  std::ofstream(directory.path() / "other") << "text";
  FileWatch watch(path);
  std::filesystem::remove(directory.path() / "other");
  CHECK(test::wait_ready(watch.fd()));
  CHECK_FALSE(watch.drain());
  CHECK_FALSE(test::wait_ready(watch.fd(), 0));
}

TEST_CASE("a file that is not there cannot be watched") {
  const test::TempDir directory;
  std::optional<int> error;
  try {
    const FileWatch watch(directory.path() / "none");
  } catch (const base::SystemError& failure) {
    error = failure.error_number();
  }
  CHECK(error == ENOENT);
}
