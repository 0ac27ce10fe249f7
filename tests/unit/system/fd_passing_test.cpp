#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <warren/base/error.hpp>
#include <warren/base/fd.hpp>
#include <warren/system/fd_passing.hpp>

using namespace warren;
using system::LineReader;
using system::send_line;

namespace {

struct Pair {
  base::Fd left, right;
  Pair() {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    left.reset(ends[0]);
    right.reset(ends[1]);
  }
};

/// A file in memory.
base::Fd file_with(std::string_view text) {
  base::Fd file(::memfd_create("text", MFD_CLOEXEC));
  REQUIRE(file);
  REQUIRE(::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  return file;
}
std::string text_of(const base::Fd& file) {
  std::array<char, 64> text{};
  const auto length = ::pread(file.get(), text.data(), text.size(), 0);
  return length < 0 ? "" : std::string(text.data(), static_cast<std::size_t>(length));
}

bool same_file(int a, int b) {
  struct stat of_a {
  }, of_b{};
  return ::fstat(a, &of_a) == 0 && ::fstat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev &&
         of_a.st_ino == of_b.st_ino;
}

template <class Action>
int errno_of(Action action) {
  try {
    action();
  } catch (const base::SystemError& error) {
    return error.error_number();
  }
  return 0;
}

}  // namespace

TEST_CASE("a line arrives with the descriptors that were sent beside it") {
  const Pair pair;
  const auto first = file_with("one");
  const auto second = file_with("two");
  const std::array<int, 2> fds{first.get(), second.get()};
  send_line(pair.left.get(), "here you are", fds);
  LineReader reader;
  REQUIRE(reader.receive(pair.right.get()));
  CHECK(reader.complete());
  CHECK(reader.line() == "here you are");
  const auto taken = reader.take_fds();
  REQUIRE(taken.size() == 2);
  CHECK(text_of(taken[0]) == "one");
  CHECK(text_of(taken[1]) == "two");
  CHECK(same_file(taken[0].get(), first.get()));
  CHECK((::fcntl(taken[0].get(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(reader.take_fds().empty());
  CHECK(::fcntl(first.get(), F_GETFD) >= 0);  // only lent
}

TEST_CASE("a line may have no descriptor, or as many as are allowed") {
  const Pair pair;
  send_line(pair.left.get(), "");
  LineReader empty;
  REQUIRE(empty.receive(pair.right.get()));
  CHECK(empty.complete());
  CHECK(empty.line().empty());
  CHECK(empty.take_fds().empty());
  const auto file = file_with("x");
  const std::vector<int> many(system::kPassedMost, file.get());
  send_line(pair.left.get(), "many", many);
  LineReader full;
  REQUIRE(full.receive(pair.right.get()));
  CHECK(full.line() == "many");
  CHECK(full.take_fds().size() == system::kPassedMost);
}

TEST_CASE("more descriptors than are asked for do not get in") {
  const Pair pair;
  const auto file = file_with("x");
  constexpr std::size_t kMany = system::kPassedMost + 8;
  // Not by send_line, which refuses: by a peer that does not know the rule.
  std::string text = "too many\n";
  iovec piece{text.data(), text.size()};
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(kMany * sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(kMany * sizeof(int));
  const std::vector<int> many(kMany, file.get());
  std::memcpy(CMSG_DATA(header), many.data(), kMany * sizeof(int));
  REQUIRE(::sendmsg(pair.left.get(), &message, MSG_NOSIGNAL) > 0);
  LineReader reader;
  REQUIRE(reader.receive(pair.right.get()));
  CHECK(reader.line() == "too many");
  const auto taken = reader.take_fds();
  CHECK(taken.size() == system::kPassedMost);
  for (const auto& fd : taken) CHECK(same_file(fd.get(), file.get()));
}

TEST_CASE("descriptors that nobody takes are closed") {
  const Pair pair;
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0);
  const base::Fd reading(ends[0]);
  base::Fd writing(ends[1]);
  const std::array<int, 1> fds{writing.get()};
  {
    send_line(pair.left.get(), "ignored", fds);
    LineReader reader;
    REQUIRE(reader.receive(pair.right.get()));
    writing.reset();
    char byte = 0;
    CHECK(::read(reading.get(), &byte, 1) < 0);  // the reader's copy holds the pipe open
  }
  char byte = 0;
  CHECK(::read(reading.get(), &byte, 1) == 0);
}

TEST_CASE("a line that comes in pieces is complete with its newline") {
  const Pair pair;
  const auto file = file_with("kept");
  const std::array<int, 1> fds{file.get()};
  // Larger than a socket's buffer, and than one receive.
  const std::string text(std::size_t{1} << 20, 'l');
  std::thread sender([&] { send_line(pair.left.get(), text, fds); });
  LineReader reader;
  int receives = 0;
  while (!reader.complete() && reader.receive(pair.right.get())) ++receives;
  sender.join();
  CHECK(receives > 1);
  CHECK(reader.line() == text);
  const auto taken = reader.take_fds();
  REQUIRE(taken.size() == 1);  // beside the first byte, and not again with each piece
  CHECK(text_of(taken[0]) == "kept");
}

TEST_CASE("a line without an end is given up") {
  const Pair pair;
  std::thread sender([&] {
    // It ends when the reader has gone.
    static_cast<void>(errno_of(
        [&] { send_line(pair.left.get(), std::string(LineReader::kMostBytes + 100'000, 'l')); }));
  });
  LineReader reader;
  std::size_t receives = 0;
  while (reader.receive(pair.right.get()) && receives < LineReader::kMostBytes) ++receives;
  CHECK_FALSE(reader.complete());
  CHECK(receives >= LineReader::kMostBytes / 16384 - 1);
  ::shutdown(pair.right.get(), SHUT_RDWR);
  sender.join();
}

TEST_CASE("to a peer that has gone nothing can be sent, and no signal is raised") {
  Pair pair;
  pair.right.reset();
  CHECK(errno_of([&] { send_line(pair.left.get(), "hello"); }) == EPIPE);
}

TEST_CASE("a peer that has gone is the end of the stream, after what it had sent") {
  Pair pair;
  const auto file = file_with("last");
  const std::array<int, 1> fds{file.get()};
  send_line(pair.left.get(), "farewell", fds);
  pair.left.reset();
  LineReader reader;
  CHECK(reader.receive(pair.right.get()));
  CHECK(reader.line() == "farewell");
  CHECK(reader.take_fds().size() == 1);
  CHECK_FALSE(reader.receive(pair.right.get()));
}

TEST_CASE("what is no open descriptor cannot be sent") {
  const Pair pair;
  const std::array<int, 1> fds{-1};
  CHECK(errno_of([&] { send_line(pair.left.get(), "nothing", fds); }) == EBADF);
}

TEST_CASE("a socket's timeout is an error of its own, and the line can still come") {
  const Pair pair;
  const timeval limit{0, 10'000};
  REQUIRE(::setsockopt(pair.right.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
  LineReader reader;
  CHECK(errno_of([&] { reader.receive(pair.right.get()); }) == EAGAIN);
  send_line(pair.left.get(), "late");
  CHECK(reader.receive(pair.right.get()));
  CHECK(reader.line() == "late");
}
