#include <pthread.h>

#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <vector>

#include <warren/system/signals.hpp>

#include "support/poll.hpp"

using namespace warren;

TEST_CASE("a blocked signal arrives through the descriptor") {
  system::SignalFd signals({SIGUSR1, SIGUSR2});
  CHECK(signals.drain().empty());
  CHECK_FALSE(test::wait_ready(signals.fd(), 0));
  REQUIRE(::pthread_kill(::pthread_self(), SIGUSR2) == 0);
  CHECK(test::wait_ready(signals.fd()));
  CHECK(signals.drain() == std::vector<int>{SIGUSR2});
  CHECK(signals.drain().empty());
}

TEST_CASE("the thread's signal mask is given back") {
  { const system::SignalFd signals({SIGUSR1}); }
  sigset_t now;
  REQUIRE(::pthread_sigmask(SIG_BLOCK, nullptr, &now) == 0);
  CHECK(::sigismember(&now, SIGUSR1) == 0);
}
