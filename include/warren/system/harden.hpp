// What the process may do, and what may be done to it.
#pragma once

namespace warren::system {

/// Keys must not end up in core files: no core is written, and no other process of the user may
/// attach or read the memory (PR_SET_DUMPABLE, RLIMIT_CORE). /proc/self becomes root's. Throws
/// SystemError.
void disable_core_dumps();

/// Whether the calling thread has the capability (CAP_NET_ADMIN, … of <linux/capability.h>) in
/// effect. False when /proc cannot be read.
bool has_capability(int capability);
/// May make interfaces, addresses and routes in its namespace's owner.
bool has_net_admin();

}  // namespace warren::system
