// An interface's packet counters.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace warren::system {

/// The counters of an interface of the calling thread's network namespace (IFLA_STATS64), under the
/// names that /sys/class/net/NAME/statistics uses: "rx_packets", "tx_dropped", …. Throws
/// SystemError when there is none of that name.
std::map<std::string, std::uint64_t> link_statistics(std::string_view name);

}  // namespace warren::system
