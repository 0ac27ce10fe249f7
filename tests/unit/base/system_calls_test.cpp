#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <string>
#include <thread>

#include <warren/base/fd.hpp>
#include <warren/base/system_calls.hpp>

using namespace warren::base;

TEST_CASE("more than a pipe takes is written as it is read") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  const Fd reading(ends[0]);
  Fd writing(ends[1]);
  const std::string sent(1 << 20, 'x');
  bool written = false;
  std::thread writer([&] {
    written = write_all(writing.get(), sent);
    writing.reset();
  });
  std::size_t received = 0;
  std::array<char, 4096> piece;
  for (ssize_t got = 1; got > 0;) {
    got = ::read(reading.get(), piece.data(), piece.size());
    if (got > 0) received += static_cast<std::size_t>(got);
  }
  writer.join();
  CHECK(written);
  CHECK(received == sent.size());
}

TEST_CASE("what cannot be written or read leaves its errno") {
  CHECK(!write_all(-1, "text"));
  CHECK(errno == EBADF);
  std::string text;
  CHECK(!read_whole_file(-1, text));
  CHECK(errno == EBADF);
}

TEST_CASE("a whole file is read wherever its offset is") {
  const Fd file(::memfd_create("test", MFD_CLOEXEC));
  const std::string all(100'000, 'y');
  REQUIRE(write_all(file.get(), all));
  std::string text = "before ";
  CHECK(read_whole_file(file.get(), text));
  CHECK(text == "before " + all);
}

TEST_CASE("the end of a child is waited for") {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(7);
  const int status = wait_for_child(child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 7);
  CHECK(wait_for_child(child) == -1);
  CHECK(errno == ECHILD);
}
