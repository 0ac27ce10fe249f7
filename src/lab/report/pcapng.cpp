#include <array>
#include <bit>
#include <cstring>

#include <warren/lab/pcapng.hpp>

namespace warren::lab {
namespace {

// Sections 4.1 to 4.6 and 3.5 of draft-ietf-opsawg-pcapng.
constexpr std::uint32_t kSectionHeader = 0x0A0D0D0A;
constexpr std::uint32_t kInterfaceDescription = 1;
constexpr std::uint32_t kInterfaceStatistics = 5;
constexpr std::uint32_t kEnhancedPacket = 6;
constexpr std::uint32_t kByteOrderMagic = 0x1A2B3C4D;
constexpr std::uint16_t kLinkTypeEthernet = 1;

constexpr std::uint16_t kEndOfOptions = 0;
constexpr std::uint16_t kComment = 1;
constexpr std::uint16_t kSectionApplication = 4;
constexpr std::uint16_t kInterfaceName = 2;
constexpr std::uint16_t kInterfaceText = 3;
constexpr std::uint16_t kInterfaceSpeed = 8;
constexpr std::uint16_t kInterfaceResolution = 9;
constexpr std::uint16_t kPacketFlags = 2;
constexpr std::uint16_t kStatisticsReceived = 4;
constexpr std::uint16_t kStatisticsDropped = 5;

constexpr std::size_t kOptionBytesMost = 65535;

// One block while it is made: lengths are filled in at the end, everything is padded to 32 bits.
class Block {
 public:
  Block(PcapngBuffer& out, std::uint32_t type) : out_(out), began_(out.size()) {
    put(type);
    put(std::uint32_t{0});
  }

  template <class T>
  void put(T value) {
    const auto bytes = std::bit_cast<std::array<std::byte, sizeof(T)>>(value);
    out_.insert(out_.end(), bytes.begin(), bytes.end());
  }
  void put_padded(base::ConstBytes bytes) {
    out_.insert(out_.end(), bytes.begin(), bytes.end());
    out_.resize(out_.size() + (4 - bytes.size() % 4) % 4);
  }
  void put_time(base::WallTime when) {
    const auto stamp = static_cast<std::uint64_t>(when.time_since_epoch().count());
    put(static_cast<std::uint32_t>(stamp >> 32));
    put(static_cast<std::uint32_t>(stamp));
  }

  template <class T>
  void option(std::uint16_t code, T value) {
    const auto bytes = std::bit_cast<std::array<std::byte, sizeof(T)>>(value);
    option_bytes(code, bytes);
  }
  // Empty text is no option. What is too long ends before a character of UTF-8 that would be cut.
  void option_text(std::uint16_t code, std::string_view text) {
    if (text.empty()) return;
    if (text.size() > kOptionBytesMost) {
      std::size_t end = kOptionBytesMost;
      while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
      text = text.substr(0, end);
    }
    option_bytes(code, base::bytes_of(text));
  }

  void finish() {
    if (has_options_) {
      put(kEndOfOptions);
      put(std::uint16_t{0});
    }
    const auto bytes = static_cast<std::uint32_t>(out_.size() - began_ + sizeof(std::uint32_t));
    put(bytes);
    std::memcpy(out_.data() + began_ + sizeof(std::uint32_t), &bytes, sizeof bytes);
  }

 private:
  void option_bytes(std::uint16_t code, base::ConstBytes bytes) {
    has_options_ = true;
    put(code);
    put(static_cast<std::uint16_t>(bytes.size()));
    put_padded(bytes);
  }

  PcapngBuffer& out_;
  std::size_t began_;
  bool has_options_ = false;
};

}  // namespace

void append_section(PcapngBuffer& out, std::string_view comment, std::string_view application) {
  Block block(out, kSectionHeader);
  block.put(kByteOrderMagic);
  block.put(std::uint16_t{1});
  block.put(std::uint16_t{0});
  block.put(~std::uint64_t{0});  // the length of the section is not known
  block.option_text(kComment, comment);
  block.option_text(kSectionApplication, application);
  block.finish();
}

void append_interface(PcapngBuffer& out, const PcapngInterface& interface) {
  Block block(out, kInterfaceDescription);
  block.put(kLinkTypeEthernet);
  block.put(std::uint16_t{0});
  block.put(interface.snap_bytes);
  block.option_text(kInterfaceName, interface.name);
  block.option_text(kInterfaceText, interface.description);
  if (interface.speed_bps != 0) block.option(kInterfaceSpeed, interface.speed_bps);
  block.option(kInterfaceResolution, std::uint8_t{9});
  block.finish();
}

void append_packet(PcapngBuffer& out, const PcapngPacket& packet) {
  Block block(out, kEnhancedPacket);
  block.put(packet.interface);
  block.put_time(packet.when);
  block.put(static_cast<std::uint32_t>(packet.bytes.size()));
  block.put(packet.frame_bytes);
  block.put_padded(packet.bytes);
  if (packet.direction != PcapngPacket::Direction::unknown) {
    block.option(kPacketFlags, static_cast<std::uint32_t>(packet.direction));
  }
  block.option_text(kComment, packet.comment);
  block.finish();
}

void append_statistics(PcapngBuffer& out, const PcapngStatistics& statistics) {
  Block block(out, kInterfaceStatistics);
  block.put(statistics.interface);
  block.put_time(statistics.when);
  block.option_text(kComment, statistics.comment);
  block.option(kStatisticsReceived, statistics.received);
  block.option(kStatisticsDropped, statistics.missed);
  block.finish();
}

}  // namespace warren::lab
