// Blocks of a pcapng file (draft-ietf-opsawg-pcapng), appended to a buffer: Section Header,
// Interface Description, Enhanced Packet, Interface Statistics. Pure; host byte order, as the
// format has it. Time stamps are nanoseconds since the Unix epoch (if_tsresol 9).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <warren/base/bytes.hpp>
#include <warren/base/time.hpp>

namespace warren::lab {

using PcapngBuffer = std::vector<std::byte>;

/// Begins a section, which a file must: interfaces are numbered from 0 behind it.
/// `comment` may be empty; so may `application`.
void append_section(PcapngBuffer& out, std::string_view comment, std::string_view application);

struct PcapngInterface {
  std::string name = {};         ///< if_name
  std::string description = {};  ///< if_description; may be empty
  std::uint32_t snap_bytes = 0;  ///< 0: no limit
  std::uint64_t speed_bps = 0;   ///< 0: not written
};
/// An Ethernet interface. The first one of a section is number 0.
void append_interface(PcapngBuffer& out, const PcapngInterface& interface);

struct PcapngPacket {
  enum class Direction : std::uint8_t { unknown, inbound, outbound };
  std::uint32_t interface = 0;
  base::WallTime when = {};
  Direction direction = Direction::unknown;
  std::uint32_t frame_bytes = 0;  ///< on the wire
  base::ConstBytes bytes = {};    ///< captured of it
  std::string_view comment = {};  ///< opt_comment; may be empty
};
void append_packet(PcapngBuffer& out, const PcapngPacket& packet);

struct PcapngStatistics {
  std::uint32_t interface = 0;
  base::WallTime when = {};
  std::uint64_t received = 0;     ///< isb_ifrecv
  std::uint64_t missed = 0;       ///< isb_ifdrop: passed, but are not in the file
  std::string_view comment = {};  ///< may be empty
};
void append_statistics(PcapngBuffer& out, const PcapngStatistics& statistics);

}  // namespace warren::lab
