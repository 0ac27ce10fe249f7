// How the kernel schedules the calling thread against the others of the machine (sched(7)).
#pragma once

#include <warren/base/fd.hpp>

namespace warren::system {

/// The calling thread runs before every thread of the ordinary policy as soon as it has something
/// to do: SCHED_FIFO with the lowest priority. Threads and processes that it starts do not inherit
/// that. Returns 0 or an errno: EPERM without CAP_SYS_NICE (or an RLIMIT_RTPRIO of at least 1).
int schedule_first() noexcept;

/// Back to the ordinary policy, with the nice value as it was. Never fails for a thread that
/// schedule_first() changed.
void schedule_normally() noexcept;

/// For a thread that works little at a time but at once: asks the ordinary policy for short slices,
/// with which it gets the processor from threads that run longer (sched_setattr(2), Linux 6.12; no
/// privilege needed). Stays when schedule_first() comes and goes. Returns 0 or an errno: EBUSY for
/// a thread of another policy.
int schedule_in_short_slices() noexcept;

/// As long as `held` is open, the processors of this machine that have nothing to do look out for
/// work instead of halting (a request for a latency of 0, the kernel's pm_qos_interface). A thread
/// then runs tens of microseconds sooner after its moment, and in a virtual machine it need not
/// wait until the hypervisor gives a halted processor back; the price is power. Returns 0 or an
/// errno: EACCES without root, ENOENT where the kernel has no such request.
int keep_processors_awake(base::Fd& held) noexcept;

}  // namespace warren::system
