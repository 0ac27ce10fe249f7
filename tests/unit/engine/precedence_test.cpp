#include "../../../src/engine/precedence.hpp"

#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>

namespace warren::engine {
namespace {

using namespace std::chrono_literals;

constexpr int kNobody = 65534;

int policy() {
  return ::sched_getscheduler(0) & ~SCHED_RESET_ON_FORK;
}

/// A loop in virtual time whose turns take `share` of it.
struct Work {
  Precedence precedence;
  base::Instant now{};

  explicit Work(Scheduling wanted, const PrecedenceRules& rules = {})
      : precedence(wanted, base::Instant{}, rules) {}
  void go_on(double share, base::Duration how_long, std::size_t turn_bytes = 65'536) {
    constexpr base::Duration kTurn = 1ms;
    for (const auto end = now + how_long; now < end; now += kTurn) {
      const auto busy = static_cast<double>(kTurn.count()) * share;
      precedence.worked(now, now + base::Duration(static_cast<base::Duration::rep>(busy)),
                        turn_bytes);
    }
  }
};

bool allowed() {
  const Precedence probe(Scheduling::automatic, {});
  return !probe.feature().degraded;
}

TEST_CASE("the loop's thread is an ordinary one at first, and again at the end") {
  if (!allowed()) SKIP("needs CAP_SYS_NICE");
  {
    Work work(Scheduling::automatic);
    CHECK(policy() == SCHED_OTHER);
    work.go_on(0.5, 200ms);
    CHECK(policy() == SCHED_FIFO);
  }
  CHECK(policy() == SCHED_OTHER);
}

TEST_CASE("precedence is taken under load and left without") {
  if (!allowed()) SKIP("needs CAP_SYS_NICE");
  Work work(Scheduling::automatic);
  work.go_on(0.02, 200ms);
  CHECK_FALSE(work.precedence.held());
  work.go_on(0.3, 200ms);
  CHECK(work.precedence.held());
  work.go_on(0.07, 200ms);  // between the two marks nothing changes
  CHECK(work.precedence.held());
  work.go_on(0.02, 200ms);
  CHECK_FALSE(work.precedence.held());
  CHECK(policy() == SCHED_OTHER);
}

TEST_CASE("a loop that is busy all the time leaves the processor to others most of the time") {
  if (!allowed()) SKIP("needs CAP_SYS_NICE");
  Work work(Scheduling::automatic);
  base::Duration held{0};
  for (int step = 0; step < 10'000; ++step) {
    work.go_on(0.99, 1ms);
    if (work.precedence.held()) held += 1ms;
  }
  CHECK(held > 200ms);
  CHECK(held < 1s);
}

TEST_CASE("a punctual thread has precedence from the beginning, unless it is busy all the time") {
  if (!allowed()) SKIP("needs CAP_SYS_NICE");
  Work work(Scheduling::automatic, kPunctual);
  CHECK(work.precedence.held());
  work.go_on(0.001, 200ms, 60);
  CHECK(work.precedence.held());
  work.go_on(0.8, 200ms, 60);
  CHECK(work.precedence.held());
  work.go_on(0.99, 200ms);
  CHECK_FALSE(work.precedence.held());
  work.go_on(0.5, 1s);
  CHECK(work.precedence.held());
}

TEST_CASE("precedence that makes turns short is left for a while, and not taken for short turns") {
  if (!allowed()) SKIP("needs CAP_SYS_NICE");
  Work work(Scheduling::automatic);
  work.go_on(0.5, 200ms, 1500);
  CHECK_FALSE(work.precedence.held());
  work.go_on(0.5, 200ms, 20'000);
  CHECK(work.precedence.held());
  work.go_on(0.5, 100ms, 10'000);  // between the two marks nothing changes
  CHECK(work.precedence.held());
  work.go_on(0.5, 100ms, 1500);
  CHECK_FALSE(work.precedence.held());
  work.go_on(0.5, 800ms, 20'000);
  CHECK_FALSE(work.precedence.held());
  work.go_on(0.5, 300ms, 20'000);
  CHECK(work.precedence.held());
}

TEST_CASE("scheduling = ordinary never takes precedence") {
  Work work(Scheduling::ordinary);
  work.go_on(0.5, 1s);
  CHECK_FALSE(work.precedence.held());
  CHECK(policy() == SCHED_OTHER);
  CHECK_FALSE(work.precedence.follows_load());
  CHECK_FALSE(work.precedence.feature().degraded);
  CHECK(work.precedence.feature().forced);
}

TEST_CASE("without the privilege the loop runs as an ordinary thread, and the feature says why") {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    constexpr rlimit kNone{0, 0};
    const bool dropped = ::setrlimit(RLIMIT_RTPRIO, &kNone) == 0 &&
                         (::getuid() != 0 || ::setresuid(kNobody, kNobody, kNobody) == 0);
    Work work(Scheduling::automatic);
    work.go_on(0.5, 200ms);
    const Feature feature = work.precedence.feature();
    const bool told = feature.degraded && feature.state.find("CAP_SYS_NICE") != std::string::npos;
    ::_exit(dropped && told && policy() == SCHED_OTHER ? 0 : 1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

TEST_CASE("a thread or process that is started while precedence is held does not inherit it") {
  if (!allowed()) SKIP("needs CAP_SYS_NICE");
  Work work(Scheduling::automatic);
  work.go_on(0.5, 200ms);
  REQUIRE(work.precedence.held());
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) ::_exit(policy() == SCHED_OTHER ? 0 : 1);
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

}  // namespace
}  // namespace warren::engine
