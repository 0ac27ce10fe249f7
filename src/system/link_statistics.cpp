#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <array>
#include <cstring>

#include <warren/base/error.hpp>
#include <warren/system/link_statistics.hpp>

#include "rtnl.hpp"

namespace warren::system {
namespace {

// In the order of rtnl_link_stats64, as net/core/net-sysfs.c names them.
constexpr std::array<const char*, 24> kNames{
    "rx_packets",        "tx_packets",        "rx_bytes",         "tx_bytes",
    "rx_errors",         "tx_errors",         "rx_dropped",       "tx_dropped",
    "multicast",         "collisions",        "rx_length_errors", "rx_over_errors",
    "rx_crc_errors",     "rx_frame_errors",   "rx_fifo_errors",   "rx_missed_errors",
    "tx_aborted_errors", "tx_carrier_errors", "tx_fifo_errors",   "tx_heartbeat_errors",
    "tx_window_errors",  "rx_compressed",     "tx_compressed",    "rx_nohandler"};
static_assert(offsetof(rtnl_link_stats64, rx_nohandler) == (kNames.size() - 1) * sizeof(__u64));

}  // namespace

std::map<std::string, std::uint64_t> link_statistics(std::string_view name) {
  rtnl::Socket socket;
  ifinfomsg header{};
  rtnl::Message request(RTM_GETLINK, 0, header);
  request.put_string(IFLA_IFNAME, name);
  std::map<std::string, std::uint64_t> counters;
  socket.require(
      request, "asking for the counters of", std::string(name), [&](const nlmsghdr* message) {
        nlattr* found =
            nlmsg_find_attr(const_cast<nlmsghdr*>(message), sizeof(ifinfomsg), IFLA_STATS64);
        if (found == nullptr) return;
        // An older kernel has fewer of them.
        std::array<std::uint64_t, kNames.size()> values{};
        const auto bytes = std::min(static_cast<std::size_t>(nla_len(found)), sizeof values);
        std::memcpy(values.data(), nla_data(found), bytes);
        for (std::size_t i = 0; i < bytes / sizeof(std::uint64_t); ++i) {
          counters.emplace(kNames[i], values[i]);
        }
      });
  return counters;
}

}  // namespace warren::system
