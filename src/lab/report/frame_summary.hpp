#pragma once

#include <string>

#include <warren/base/bytes.hpp>

namespace warren::lab {

/// "UDP 10.0.0.1:4711 > 10.0.0.2:7", "ARP", "ICMP 10.0.0.1 > 10.0.0.2", "type 0x88cc": an Ethernet
/// frame in a few words.
std::string frame_summary(base::ConstBytes frame);

}  // namespace warren::lab
