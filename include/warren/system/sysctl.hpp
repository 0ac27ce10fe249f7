// Kernel settings under /proc/sys, those of network namespaces included.
#pragma once

#include <string_view>

namespace warren::system {

/// Writes a setting as sysctl(8) names it: "net.ipv4.ip_forward"; with slashes for interfaces whose
/// name has a dot: "net/ipv4/conf/eth0.1/forwarding". Those below net are the calling thread's
/// network namespace's. Throws SystemError: ENOENT when the kernel has none of that name, EROFS and
/// EACCES with a hint.
void write_sysctl(std::string_view key, std::string_view value);

}  // namespace warren::system
