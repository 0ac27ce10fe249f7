#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include <warren/base/error.hpp>
#include <warren/base/system_calls.hpp>
#include <warren/system/daemon.hpp>

namespace warren::system {
namespace {

// The pipe's protocol: one of these bytes, for kFailed followed by the text, then the end.
constexpr char kReady = 'R';
constexpr char kFailed = 'F';

DaemonOutcome listen_to(int fd) {
  std::string said;
  std::array<char, 512> piece{};
  for (;;) {
    const auto bytes = ::read(fd, piece.data(), piece.size());
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes <= 0) break;
    said.append(piece.data(), static_cast<std::size_t>(bytes));
  }
  if (said.starts_with(kReady)) return {true, {}};
  if (said.starts_with(kFailed)) return {false, said.substr(1)};
  return {false, "the daemon ended before it was ready"};
}

}  // namespace

void DaemonChild::ready() {
  base::check_system_call(::chdir("/"), "changing to the directory", "/");
  const base::Fd null(
      base::check_system_call(::open("/dev/null", O_RDWR | O_CLOEXEC), "opening", "/dev/null"));
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    base::check_system_call(::dup2(null.get(), standard), "replacing", "the standard streams");
  }
  base::write_all(pipe_.get(), {&kReady, 1});
  pipe_.reset();
}

bool DaemonChild::abandoned() const noexcept {
  pollfd entry{pipe_.get(), 0, 0};
  return ::poll(&entry, 1, 0) > 0;  // POLLERR: no reader
}

void DaemonChild::fail(std::string_view text) noexcept {
  // A parent that is gone is told nothing.
  if (base::write_all(pipe_.get(), {&kFailed, 1})) base::write_all(pipe_.get(), text);
  pipe_.reset();
}

std::optional<DaemonChild> fork_daemon(DaemonOutcome& outcome) {
  std::array<int, 2> ends{};
  base::check_system_call(::pipe2(ends.data(), O_CLOEXEC), "opening", "a pipe");
  base::Fd reading(ends[0]);
  base::Fd writing(ends[1]);
  const pid_t first = base::check_system_call(::fork(), "starting", "the daemon");
  if (first != 0) {
    writing.reset();
    base::wait_for_child(first);  // short: it only forks once more
    outcome = listen_to(reading.get());
    return std::nullopt;
  }
  reading.reset();
  DaemonChild child(std::move(writing));
  ::setsid();  // cannot fail: the child of a fork leads no process group
  const pid_t second = ::fork();
  if (second > 0) ::_exit(0);
  if (second < 0) {
    child.fail(base::SystemError("starting", "the daemon", errno).what());
    ::_exit(1);
  }
  return child;
}

}  // namespace warren::system
