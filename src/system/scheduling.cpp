#include <sched.h>

#include <cerrno>

#include <warren/system/scheduling.hpp>

namespace warren::system {
namespace {

int set_policy(int policy, int priority) noexcept {
  sched_param parameters{};
  parameters.sched_priority = priority;
  return ::sched_setscheduler(0, policy | SCHED_RESET_ON_FORK, &parameters) == 0 ? 0 : errno;
}

}  // namespace

int schedule_first() noexcept {
  return set_policy(SCHED_FIFO, 1);
}

void schedule_normally() noexcept {
  set_policy(SCHED_OTHER, 0);
}

}  // namespace warren::system
