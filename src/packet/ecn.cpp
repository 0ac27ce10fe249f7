// Theory of operation. The two low bits of the traffic class byte are Not-ECT 00, ECT(1) 01, ECT(0)
// 10 and CE 11. On encapsulation the outer header gets the inner bits. On decapsulation RFC 6040
// figure 4 comes down to three rules: an outer CE on a packet without ECN is a drop; an outer CE on
// any other packet is CE; an outer ECT(1) turns an inner ECT(0) into ECT(1). Everything else keeps
// the inner bits.
#include <warren/packet/checksum.hpp>
#include <warren/packet/ecn.hpp>

#include "fields.hpp"

namespace warren::packet {
namespace {

constexpr std::uint8_t kNotEct = 0;
constexpr std::uint8_t kEct1 = 1;
constexpr std::uint8_t kEct0 = 2;
constexpr std::uint8_t kCongestion = 3;

/// The offset of an IP header that is there as a whole (without options); empty otherwise.
std::optional<std::size_t> find_whole_header(base::ConstBytes packet, Framing framing) noexcept {
  const auto network = find_network(packet, framing);
  if (!network) return std::nullopt;
  const bool is_v4 = ip_version(packet.data() + *network) == 4;
  if (packet.size() - *network < (is_v4 ? ipv4::kMinBytes : ipv6::kBytes)) return std::nullopt;
  return network;
}

// The traffic class starts 4 bits later in IPv6, so its ECN bits are the upper half of the second
// byte.
constexpr unsigned ecn_shift(unsigned version) noexcept {
  return version == 4 ? 0 : 4;
}

std::uint8_t read_ecn(const std::byte* header) noexcept {
  return static_cast<std::uint8_t>(
      std::to_integer<unsigned>(header[1]) >> ecn_shift(ip_version(header)) & 3U);
}

void write_ecn(std::byte* header, std::uint8_t ecn) noexcept {
  const unsigned version = ip_version(header);
  const auto old_word = base::load_be<std::uint16_t>(header);
  const unsigned shift = ecn_shift(version);
  header[1] = (header[1] & ~(std::byte{3} << shift)) | (std::byte{ecn} << shift);
  if (version != 4) return;
  // RFC 1624 equation 3: HC' = ~(~HC + ~m + m').
  const auto old_checksum = base::load_be<std::uint16_t>(header + ipv4::kChecksum);
  const auto checksum = Checksum()
                            .subtract_word(old_checksum)
                            .subtract_word(old_word)
                            .add_word(base::load_be<std::uint16_t>(header))
                            .value();
  base::store_be(header + ipv4::kChecksum, checksum);
}

}  // namespace

std::uint8_t ecn_of(base::ConstBytes packet, Framing framing) noexcept {
  const auto network = find_whole_header(packet, framing);
  return network ? read_ecn(packet.data() + *network) : kNotEct;
}

bool decapsulate_ecn(std::uint8_t outer_ecn, base::Bytes packet, Framing framing) noexcept {
  const std::uint8_t outer = outer_ecn & 3U;
  if (outer != kCongestion && outer != kEct1) return true;  // the inner bits stay
  const auto network = find_whole_header(packet, framing);
  if (!network) return true;
  std::byte* header = packet.data() + *network;
  const std::uint8_t inner = read_ecn(header);
  if (outer == kCongestion) {
    if (inner == kNotEct) return false;
    if (inner != kCongestion) write_ecn(header, kCongestion);
  } else if (inner == kEct0) {
    write_ecn(header, kEct1);
  }
  return true;
}

}  // namespace warren::packet
