#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>

#include <warren/system/scheduling.hpp>

namespace warren::system {
namespace {

/// struct sched_attr, first version: <linux/sched/types.h> and <sched.h> do not go together.
struct SchedulingAttributes {
  std::uint32_t size = sizeof(SchedulingAttributes);
  std::uint32_t policy = 0;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime_ns = 0;
  std::uint64_t deadline_ns = 0;
  std::uint64_t period_ns = 0;
};
static_assert(sizeof(SchedulingAttributes) == 48);

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

int schedule_in_short_slices() noexcept {
  // The shortest that the kernel takes.
  constexpr std::uint64_t kSliceNs = 100'000;
  SchedulingAttributes attributes;
  if (::syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0) return errno;
  if (attributes.policy != SCHED_OTHER) return EBUSY;
  attributes.runtime_ns = kSliceNs;
  return ::syscall(SYS_sched_setattr, 0, &attributes, 0) == 0 ? 0 : errno;
}

int keep_processors_awake(base::Fd& held) noexcept {
  base::Fd request(::open("/dev/cpu_dma_latency", O_WRONLY | O_CLOEXEC));
  if (!request) return errno;
  const std::int32_t latency_us = 0;
  if (::write(request.get(), &latency_us, sizeof latency_us) < 0) return errno;
  held = std::move(request);
  return 0;
}

}  // namespace warren::system
