// How long a lab takes to come up and to go: lab_bring_up HOSTS [wired] [ROUNDS] [named]. Hosts on
// one switch, addresses and routes included. Prints milliseconds, one line per round.
#include <fmt/core.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string_view>

#include <warren/base/error.hpp>
#include <warren/lab/world.hpp>

#include "support/lab_topologies.hpp"

namespace {

using namespace warren;
using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

/// In a process of its own, as a lab's session is.
int one_round(const lab::Topology& topology, bool named) {
  try {
    const auto begin = Clock::now();
    std::unique_ptr<lab::Claim> claim;
    if (named) claim = std::make_unique<lab::Claim>(topology.name);
    lab::enter_sandbox(claim.get());
    const double sandbox = ms_since(begin);
    const auto start = Clock::now();
    auto world = std::make_unique<lab::World>(topology, lab::WorldOptions{.claim = claim.get()});
    const double up = ms_since(start);
    const auto end = Clock::now();
    world.reset();
    const double down = ms_since(end);
    lab::leave_sandbox();
    fmt::print(
        "sandbox {:.1f} ms, up {:.1f} ms, down {:.1f} ms, until all processes are gone {:.1f} ms\n",
        sandbox, up, down, ms_since(end));
    static_cast<void>(std::fflush(stdout));
    return 0;
  } catch (const base::Error& error) {
    fmt::print(stderr, "{}\n  {}\n", error.what(), error.hint());
    return 1;
  }
}

}  // namespace

int main(int argc, char** argv) {
  unsigned hosts = 10;
  unsigned rounds = 5;
  bool wired = false;
  bool named = false;
  unsigned numbers = 0;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word(argv[i]);
    if (word == "wired") {
      wired = true;
    } else if (word == "named") {
      named = true;
    } else {
      (numbers++ == 0 ? hosts : rounds) = static_cast<unsigned>(std::strtoul(argv[i], nullptr, 10));
    }
  }
  const auto topology = test::LabBuilder::star(hosts, wired);
  for (unsigned i = 0; i < rounds; ++i) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(one_round(topology, named));
    int status = 0;
    ::waitpid(child, &status, 0);
    if (status != 0) return 1;
  }
  return 0;
}
