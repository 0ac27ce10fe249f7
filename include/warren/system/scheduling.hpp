// How the kernel schedules the calling thread against the others of the machine (sched(7)).
#pragma once

namespace warren::system {

/// The calling thread runs before every thread of the ordinary policy as soon as it has something to
/// do: SCHED_FIFO with the lowest priority. Threads and processes that it starts do not inherit that.
/// Returns 0 or an errno: EPERM without CAP_SYS_NICE (or an RLIMIT_RTPRIO of at least 1).
int schedule_first() noexcept;

/// Back to the ordinary policy, with the nice value as it was. Never fails for a thread that
/// schedule_first() changed.
void schedule_normally() noexcept;

/// For a thread that works little at a time but at once: asks the ordinary policy for short slices,
/// with which it gets the processor from threads that run longer (sched_setattr(2), Linux 6.12; no
/// privilege needed). Stays when schedule_first() comes and goes. Returns 0 or an errno: EBUSY for a
/// thread of another policy.
int schedule_in_short_slices() noexcept;

}  // namespace warren::system
