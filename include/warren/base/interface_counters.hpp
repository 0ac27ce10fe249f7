// What Linux counts of a network interface.
#pragma once

#include <array>
#include <string_view>

namespace warren::base {

/// The names in /sys/class/net/INTERFACE/statistics (Documentation/ABI/testing/
/// sysfs-class-net-statistics), in the order of rtnl_link_stats64.
inline constexpr std::array<std::string_view, 24> kInterfaceCounters{
    "rx_packets",        "tx_packets",        "rx_bytes",         "tx_bytes",
    "rx_errors",         "tx_errors",         "rx_dropped",       "tx_dropped",
    "multicast",         "collisions",        "rx_length_errors", "rx_over_errors",
    "rx_crc_errors",     "rx_frame_errors",   "rx_fifo_errors",   "rx_missed_errors",
    "tx_aborted_errors", "tx_carrier_errors", "tx_fifo_errors",   "tx_heartbeat_errors",
    "tx_window_errors",  "rx_compressed",     "tx_compressed",    "rx_nohandler"};

}  // namespace warren::base
