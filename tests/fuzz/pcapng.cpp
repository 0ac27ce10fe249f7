// Arbitrary packets with arbitrary comments on arbitrary interfaces, written as pcapng and read
// back by a strict reader: the file is well-formed and everything is there. The same bytes are
// described as a frame and escaped as text, where nothing may be left that ends an element or an
// attribute.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <warren/base/assert.hpp>
#include <warren/lab/pcapng.hpp>

#include "../../src/lab/report/escape.hpp"
#include "../../src/lab/report/frame_summary.hpp"
#include "input.hpp"
#include "support/pcapng_reader.hpp"

namespace {

using namespace warren;

constexpr std::uint16_t kComment = 1;
constexpr std::uint16_t kInterfaceName = 2;

struct Packet {
  std::uint32_t interface;
  std::uint64_t stamp;
  std::vector<std::byte> bytes;
  std::string comment;
};

std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void check_text(const std::string& text) {
  const std::string safe = lab::escape_markup(text);
  WARREN_ASSERT(safe.find_first_of("<>\"'") == std::string::npos, "{}", safe);
  WARREN_ASSERT(lab::clean_utf8(safe) == safe, "not UTF-8");
  WARREN_ASSERT(lab::one_line(text).find_first_of("\r\n\x1b") == std::string::npos, "{}", text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  lab::PcapngBuffer buffer;
  lab::append_section(buffer, text_of(input.piece(input.number(1))), "warren");
  const auto interfaces = static_cast<std::uint32_t>(input.number(1) % 5 + 1);
  std::vector<std::string> names;
  for (std::uint32_t i = 0; i < interfaces; ++i) {
    names.push_back(text_of(input.piece(input.number(1))));
    lab::append_interface(buffer, {.name = names.back(), .description = {}, .snap_bytes = 256});
  }
  std::vector<Packet> packets;
  while (!input.empty()) {
    Packet packet;
    packet.interface = static_cast<std::uint32_t>(input.number(1) % interfaces);
    packet.stamp = input.number(8) >> 1U;
    packet.bytes = input.piece(input.number(2) % 2000);
    packet.comment = text_of(input.piece(input.number(1)));
    lab::append_packet(
        buffer,
        {.interface = packet.interface,
         .when = base::WallTime(base::Duration(static_cast<std::int64_t>(packet.stamp))),
         .direction = static_cast<lab::PcapngPacket::Direction>(packet.stamp % 3),
         .frame_bytes = static_cast<std::uint32_t>(packet.bytes.size() + packet.stamp % 100),
         .bytes = packet.bytes,
         .comment = packet.comment});
    check_text(packet.comment);
    check_text(lab::frame_summary(packet.bytes));
    packets.push_back(std::move(packet));
  }

  const auto blocks = test::read_pcapng(buffer);
  WARREN_ASSERT(blocks && blocks->size() == 1 + interfaces + packets.size(), "{} bytes",
                buffer.size());
  for (std::uint32_t i = 0; i < interfaces; ++i) {
    WARREN_ASSERT((*blocks)[1 + i].text(kInterfaceName) == names[i], "interface {}", i);
  }
  for (std::size_t i = 0; i < packets.size(); ++i) {
    const auto& block = (*blocks)[1 + interfaces + i];
    WARREN_ASSERT(block.field<std::uint32_t>(0) == packets[i].interface, "packet {}", i);
    WARREN_ASSERT(block.stamp() == packets[i].stamp, "packet {}", i);
    WARREN_ASSERT(std::ranges::equal(block.packet(), packets[i].bytes), "packet {}", i);
    WARREN_ASSERT(block.text(kComment) == packets[i].comment, "packet {}", i);
  }
  static_cast<void>(test::read_pcapng(std::as_bytes(std::span(data, size))));
  return 0;
}
