#include "command.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include <warren/base/error.hpp>

#include "judge.hpp"
#include "waiting.hpp"

namespace warren::lab {
namespace {

struct Pipe {
  base::Fd read, write;
  Pipe() {
    std::array<int, 2> ends;
    base::check_system_call(::pipe2(ends.data(), O_CLOEXEC), "making", "a pipe");
    read.reset(ends[0]);
    write.reset(ends[1]);
    // Only our end: a program's standard output blocks, as it expects.
    base::check_system_call(::fcntl(ends[0], F_SETFL, O_NONBLOCK), "preparing", "a pipe");
  }
};

/// Everything that is there now; false at the end of the file.
bool drain(int fd, std::string& text, std::uint64_t& discarded) {
  std::array<char, 16384> piece;
  while (true) {
    const ssize_t got = ::read(fd, piece.data(), piece.size());
    if (got == 0) return false;
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    const auto bytes = static_cast<std::size_t>(got);
    const std::size_t kept = std::min(bytes, kMostOutput - std::min(kMostOutput, text.size()));
    text.append(piece.data(), kept);
    discarded += bytes - kept;
  }
}

}  // namespace

CommandOutcome run_command(World& world, NodeId node, const std::vector<std::string>& command,
                           base::Instant deadline, const Stop& stop,
                           const std::vector<std::pair<std::string, std::string>>& environment) {
  Pipe out, err;
  Process process = world.spawn(node, {.command = command,
                                       .environment = environment,
                                       .directory = {},
                                       .standard_output = out.write.get(),
                                       .standard_error = err.write.get()});
  out.write.reset();
  err.write.reset();
  CommandOutcome outcome;
  std::array<pollfd, 3> polls{
      {{process.pidfd(), POLLIN, 0}, {out.read.get(), POLLIN, 0}, {err.read.get(), POLLIN, 0}}};
  while (wait_for(polls, deadline, stop) == Woken::ready) {
    if (polls[1].revents != 0 && !drain(out.read.get(), outcome.out, outcome.out_discarded)) {
      polls[1].fd = -1;
    }
    if (polls[2].revents != 0 && !drain(err.read.get(), outcome.err, outcome.err_discarded)) {
      polls[2].fd = -1;
    }
    if (polls[0].revents == 0) continue;
    // What it wrote is in the pipes; a child that it left behind may hold them open for ever.
    drain(out.read.get(), outcome.out, outcome.out_discarded);
    drain(err.read.get(), outcome.err, outcome.err_discarded);
    outcome.status = process.wait({});
    break;
  }
  return outcome;
}

}  // namespace warren::lab
