// Theory of operation. The rules are those of the kernel's inet_gro_receive, ipv6_gro_receive,
// tcp_gro_receive and udp_gro_receive, a little stricter where the kernel would lose a difference:
//
// - IPv4 without options and without fragmentation, header checksum right; IPv6 without extension
//   headers; length fields that match the packet exactly (no padding);
// - TCP with payload and without SYN, RST, URG and CWR; the same acknowledgement, window, urgent
//   pointer, options (timestamps included) and remaining flags;
// - UDP with payload and a checksum, its length that of the packet;
// - the same link header, traffic class, TTL or hop limit, DF bit and flow label.
//
// A packet whose flow is known but that cannot be joined is `separate`: it must not be overtaken by
// packets of its flow. One whose flow cannot be told (a fragment has no ports) is `unknown`: it
// must not be overtaken by anything.
#include "flow.hpp"

#include <bit>
#include <cstring>

#include <warren/packet/checksum.hpp>
#include <warren/packet/ip_view.hpp>

#include "fields.hpp"

namespace warren::packet {
namespace {

using base::load_be;

bool same_bytes(const std::byte* a, const std::byte* b, std::size_t size) noexcept {
  return std::memcmp(a, b, size) == 0;
}

void read_key(FlowPacket& packet, std::uint8_t protocol) noexcept {
  packet.key.protocol = protocol;
  const auto addresses = packet.addresses();
  std::memcpy(packet.key.addresses.data(), addresses.data(), addresses.size());
  std::memcpy(&packet.key.ports, packet.header(), sizeof packet.key.ports);
}

bool transport_is_joinable(FlowPacket& packet) noexcept {
  const std::size_t size = packet.bytes.size() - packet.transport;
  const std::byte* header = packet.header();
  if (packet.is_tcp()) {
    if (size < tcp::kMinBytes) return false;
    const std::size_t length = tcp::header_length(header);
    if (length < tcp::kMinBytes || length >= size) return false;
    constexpr std::uint8_t kAlone = tcp::kSyn | tcp::kRst | tcp::kUrg | tcp::kCwr;
    if ((packet.flags() & kAlone) != 0) return false;
    packet.payload = packet.transport + length;
    return true;
  }
  if (size <= udp::kBytes || load_be<std::uint16_t>(header + udp::kLength) != size) return false;
  packet.payload = packet.transport + udp::kBytes;
  return load_be<std::uint16_t>(header + udp::kChecksum) != 0;
}

bool ip_is_joinable(const FlowPacket& packet, const IpView& ip) noexcept {
  if (packet.network + ip.total_length() != packet.bytes.size()) return false;
  if (!packet.is_v4()) return true;
  const auto fragment = load_be<std::uint16_t>(packet.ip() + ipv4::kFragment);
  return ip.header_length() == ipv4::kMinBytes && (fragment & ~ipv4::kDontFragment) == 0 &&
         Checksum({packet.ip(), ipv4::kMinBytes}).verifies();
}

bool ip_headers_match(const FlowPacket& first, const FlowPacket& next) noexcept {
  const std::byte* a = first.ip();
  const std::byte* b = next.ip();
  if (first.is_v4()) {
    return a[ipv4::kTrafficClass] == b[ipv4::kTrafficClass] &&
           a[ipv4::kTimeToLive] == b[ipv4::kTimeToLive] &&
           same_bytes(a + ipv4::kFragment, b + ipv4::kFragment, sizeof(std::uint16_t));
  }
  // Version, traffic class and flow label.
  return same_bytes(a, b, ipv6::kPayloadLength) && a[ipv6::kHopLimit] == b[ipv6::kHopLimit];
}

bool tcp_headers_match(const FlowPacket& first, const FlowPacket& next) noexcept {
  const std::byte* a = first.header();
  const std::byte* b = next.header();
  constexpr std::byte kLast{tcp::kFin | tcp::kPsh};
  return (a[tcp::kFlags] | kLast) == (b[tcp::kFlags] | kLast) &&
         same_bytes(a + tcp::kAcknowledgement, b + tcp::kAcknowledgement, sizeof(std::uint32_t)) &&
         a[tcp::kDataOffset] == b[tcp::kDataOffset] &&
         same_bytes(a + tcp::kWindow, b + tcp::kWindow, sizeof(std::uint16_t)) &&
         same_bytes(a + tcp::kUrgent, b + tcp::kUrgent,
                    first.payload - first.transport - tcp::kUrgent);
}

}  // namespace

std::size_t FlowKey::hash() const noexcept {
  std::uint64_t mixed = ports;
  for (const std::uint64_t part : addresses) {
    mixed = std::rotl((mixed ^ part) * 0x9e3779b97f4a7c15U, 29);
  }
  mixed = (mixed ^ protocol) * 0x9e3779b97f4a7c15U;
  return mixed >> 32U;
}

bool FlowPacket::is_tcp() const noexcept {
  return key.protocol == kProtocolTcp;
}

base::ConstBytes FlowPacket::addresses() const noexcept {
  if (is_v4()) return {ip() + ipv4::kSource, ipv4::kAddressesBytes};
  return {ip() + ipv6::kSource, ipv6::kAddressesBytes};
}

std::uint32_t FlowPacket::sequence() const noexcept {
  return load_be<std::uint32_t>(header() + tcp::kSequence);
}

std::uint8_t FlowPacket::flags() const noexcept {
  return std::to_integer<std::uint8_t>(header()[tcp::kFlags]);
}

std::uint16_t FlowPacket::id() const noexcept {
  return load_be<std::uint16_t>(ip() + ipv4::kId);
}

FlowPacket classify(base::Bytes bytes, Framing framing) noexcept {
  FlowPacket packet;
  packet.bytes = bytes;
  const auto network = find_network(bytes, framing);
  if (!network) return packet;
  packet.network = *network;
  const auto ip = IpView::parse(bytes.subspan(*network));
  if (!ip) {
    packet.state = FlowState::unknown;
    return packet;
  }
  const std::uint8_t protocol = ip->protocol();
  packet.key.family = ip->family();
  if (protocol != kProtocolTcp && protocol != kProtocolUdp) {
    const bool hides_more = !packet.is_v4() && ipv6::is_extension(protocol);
    packet.state = hides_more ? FlowState::unknown : FlowState::none;
    return packet;
  }
  packet.transport = *network + ip->header_length();
  const bool fragment = packet.is_v4() && (load_be<std::uint16_t>(packet.ip() + ipv4::kFragment) &
                                           ipv4::kFragmentMask) != 0;
  if (fragment || bytes.size() - packet.transport < sizeof packet.key.ports) {
    packet.state = FlowState::unknown;
    return packet;
  }
  read_key(packet, protocol);
  const bool joinable = ip_is_joinable(packet, *ip) && transport_is_joinable(packet);
  packet.state = joinable ? FlowState::joinable : FlowState::separate;
  return packet;
}

bool checksum_is_right(const FlowPacket& packet) noexcept {
  const base::ConstBytes transport = packet.bytes.subspan(packet.transport);
  // At most 65,535, since the IP header's length is that of the packet.
  return Checksum(transport)
      .add_pseudo_header(packet.addresses(), packet.key.protocol,
                         static_cast<std::uint16_t>(transport.size()))
      .verifies();
}

bool headers_match(const FlowPacket& first, const FlowPacket& next) noexcept {
  return first.network == next.network &&
         same_bytes(first.bytes.data(), next.bytes.data(), first.network) &&
         ip_headers_match(first, next) && (!first.is_tcp() || tcp_headers_match(first, next));
}

}  // namespace warren::packet
