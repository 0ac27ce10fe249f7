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

}  // namespace warren::system
