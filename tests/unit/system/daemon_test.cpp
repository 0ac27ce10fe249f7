#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <string>

#include <warren/base/fd.hpp>
#include <warren/system/daemon.hpp>

using namespace warren;
using system::DaemonChild;
using system::DaemonOutcome;

namespace {

/// Runs `daemon` as one and returns what the parent learned.
DaemonOutcome run(const std::function<void(DaemonChild&)>& daemon) {
  DaemonOutcome outcome;
  auto child = system::fork_daemon(outcome);
  if (child) {
    daemon(*child);
    ::_exit(0);
  }
  return outcome;
}

}  // namespace

TEST_CASE("the parent returns once the daemon is ready") {
  std::array<int, 2> pipe{};
  REQUIRE(::pipe(pipe.data()) == 0);
  const auto outcome = run([&](DaemonChild& child) {
    child.ready();
    std::array<char, 64> directory{};
    const bool detached = ::getsid(0) != ::getpid() && ::getcwd(directory.data(), 64) != nullptr &&
                          std::string(directory.data()) == "/" && ::isatty(0) == 0;
    const char verdict = detached ? 'y' : 'n';
    if (::write(pipe[1], &verdict, 1) != 1) ::_exit(1);
  });
  CHECK(outcome.ready);
  CHECK(outcome.error.empty());
  ::close(pipe[1]);
  char verdict = 0;
  CHECK(::read(pipe[0], &verdict, 1) == 1);
  CHECK(verdict == 'y');
  ::close(pipe[0]);
}

TEST_CASE("the parent gets the words of a daemon that fails") {
  const std::string text(100'000, 'x');  // more than a pipe holds
  const auto outcome = run([&](DaemonChild& child) { child.fail(text); });
  CHECK_FALSE(outcome.ready);
  CHECK(outcome.error == text);
}

TEST_CASE("the parent notices a daemon that dies without a word") {
  const auto outcome = run([](DaemonChild&) { ::_exit(9); });
  CHECK_FALSE(outcome.ready);
  CHECK(outcome.error == "the daemon ended before it was ready");
}
