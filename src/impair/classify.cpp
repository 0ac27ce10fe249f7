#include "classify.hpp"

#include <cstddef>
#include <optional>

#include <warren/packet/ethernet_view.hpp>
#include <warren/packet/ip_view.hpp>

namespace warren::impair {
namespace {

using base::load_be;

// IANA protocol numbers.
constexpr std::uint8_t kHopByHop = 0, kIcmp = 1, kTcp = 6, kUdp = 17, kDccp = 33, kRouting = 43;
constexpr std::uint8_t kFragment = 44, kAuthentication = 51, kIcmp6 = 58, kDestinationOptions = 60;
constexpr std::uint8_t kSctp = 132, kUdpLite = 136;
// RFC 792, RFC 4443.
constexpr std::uint8_t kEchoReply = 0, kEcho = 8, kEcho6 = 128, kEchoReply6 = 129;

constexpr std::uint16_t kFirstEphemeral = 32768, kLastEphemeral = 60999;
constexpr std::uint16_t kFirstEtherType = 0x600;  // IEEE 802.3: below it is a length
constexpr std::size_t kArpIpv4Bytes = 28;
constexpr int kMaxExtensionHeaders = 8;

/// Where the transport header is; none for a fragment and where a header is cut off.
struct Transport {
  std::uint8_t protocol = 0;
  std::optional<std::size_t> offset;
};

Transport transport_of_v4(base::ConstBytes packet, const packet::IpView& ip) noexcept {
  const std::uint16_t fragment = load_be<std::uint16_t>(packet.data() + 6);
  const bool whole = (fragment & 0x3fffU) == 0;  // neither "more fragments" nor an offset
  if (!whole) return {ip.protocol(), std::nullopt};
  return {ip.protocol(), ip.header_length()};
}

/// RFC 8200, 4: the chain of extension headers.
Transport transport_of_v6(base::ConstBytes packet, const packet::IpView& ip) noexcept {
  Transport at{ip.protocol(), ip.header_length()};
  for (int i = 0; i < kMaxExtensionHeaders; ++i) {
    const bool generic =
        at.protocol == kHopByHop || at.protocol == kRouting || at.protocol == kDestinationOptions;
    if (!generic && at.protocol != kFragment && at.protocol != kAuthentication) return at;
    if (packet.size() < *at.offset + 8) return {at.protocol, std::nullopt};
    const std::byte* header = packet.data() + *at.offset;
    const auto next = std::to_integer<std::uint8_t>(header[0]);
    const auto length = std::to_integer<std::size_t>(header[1]);
    if (at.protocol == kFragment) {
      const std::uint16_t fragment = load_be<std::uint16_t>(header + 2);
      // One that is the whole packet (RFC 6946) has neither an offset nor "more fragments".
      if ((fragment & 0xfff9U) != 0) return {next, std::nullopt};
      at.offset = *at.offset + 8;
    } else if (at.protocol == kAuthentication) {
      at.offset = *at.offset + (length + 2) * 4;  // RFC 4302, 2.2
    } else {
      at.offset = *at.offset + (length + 1) * 8;
    }
    at.protocol = next;
  }
  return {at.protocol, std::nullopt};
}

void look_at_ports(base::ConstBytes transport, Classified& found) noexcept {
  if (transport.size() < 4) return;
  found.key.source_port = load_be<std::uint16_t>(transport.data());
  found.key.destination_port = load_be<std::uint16_t>(transport.data() + 2);
  if (found.kind != Kind::tcp || transport.size() < 14) return;
  const auto flags = std::to_integer<unsigned>(transport[13]);
  found.fin = (flags & 1U) != 0;
  found.syn = (flags & 2U) != 0;
  found.rst = (flags & 4U) != 0;
}

bool is_echo(std::uint16_t protocol, std::uint16_t type) noexcept {
  return protocol == kIcmp ? type == kEcho || type == kEchoReply
                           : type == kEcho6 || type == kEchoReply6;
}

void look_at_icmp(base::ConstBytes transport, Classified& found) noexcept {
  if (transport.empty()) return;
  found.key.destination_port = std::to_integer<std::uint16_t>(transport[0]);
  if (transport.size() < 6 || !is_echo(found.key.protocol, found.key.destination_port)) return;
  found.key.source_port = load_be<std::uint16_t>(transport.data() + 4);
}

void store_address(const std::byte* from, base::Family family, std::uint64_t* to) noexcept {
  if (family == base::Family::v4) {
    to[0] = load_be<std::uint32_t>(from);
    return;
  }
  to[0] = load_be<std::uint64_t>(from);
  to[1] = load_be<std::uint64_t>(from + 8);
}

bool look_at_ip(base::ConstBytes packet, Classified& found) noexcept {
  const auto ip = packet::IpView::parse(packet);
  if (!ip) return false;
  const bool v4 = ip->family() == base::Family::v4;
  store_address(packet.data() + (v4 ? 12 : 8), ip->family(), found.key.addresses.data());
  store_address(packet.data() + (v4 ? 16 : 24), ip->family(), found.key.addresses.data() + 2);
  const Transport transport = v4 ? transport_of_v4(packet, *ip) : transport_of_v6(packet, *ip);
  found.key.protocol = transport.protocol;
  const bool icmp = transport.protocol == (v4 ? kIcmp : kIcmp6);
  if (transport.protocol == kTcp)
    found.kind = Kind::tcp;
  else if (transport.protocol == kUdp)
    found.kind = Kind::udp;
  else if (icmp)
    found.kind = Kind::icmp;
  if (!transport.offset || *transport.offset > packet.size()) return true;
  const auto bytes = packet.subspan(*transport.offset);
  if (icmp)
    look_at_icmp(bytes, found);
  else if (found.kind != Kind::other || transport.protocol == kDccp ||
           transport.protocol == kSctp || transport.protocol == kUdpLite) {
    look_at_ports(bytes, found);
  }
  return true;
}

/// RFC 826, for IPv4 over Ethernet: the addresses asked about, which a request and its repetition
/// share.
bool look_at_arp(base::ConstBytes packet, Classified& found) noexcept {
  if (packet.size() < kArpIpv4Bytes) return false;
  if (load_be<std::uint16_t>(packet.data() + 2) != packet::kEtherTypeIpv4) return false;
  found.key.addresses[0] = load_be<std::uint32_t>(packet.data() + 14);
  found.key.addresses[2] = load_be<std::uint32_t>(packet.data() + 24);
  return true;
}

void look_at_ethernet(base::ConstBytes frame, Classified& found) noexcept {
  found.key.addresses[0] = load_be<std::uint64_t>(frame.data()) >> 16U;
  found.key.addresses[2] = load_be<std::uint64_t>(frame.data() + 4) & 0xffff'ffff'ffffU;
}

/// The VLAN ids of up to two tags, each marked so that VLAN 0 is not the same as no tag.
std::uint64_t vlans_of(base::ConstBytes frame, std::size_t header_length) noexcept {
  std::uint64_t vlans = 0;
  for (std::size_t at = packet::kEthernetHeaderBytes; at + 4 <= header_length; at += 4) {
    vlans = vlans << 16U | 0x1000U | (load_be<std::uint16_t>(frame.data() + at) & 0xfffU);
  }
  return vlans;
}

bool is_ephemeral(std::uint16_t port) noexcept {
  return port >= kFirstEphemeral && port <= kLastEphemeral;
}

}  // namespace

Classified classify(base::ConstBytes frame) noexcept {
  Classified found;
  const auto ethernet = packet::EthernetView::parse(frame);
  if (!ethernet) {
    found.payload_offset = static_cast<std::uint32_t>(frame.size());
    return found;
  }
  const std::uint16_t type = ethernet->payload_type();
  found.payload_offset = static_cast<std::uint32_t>(ethernet->header_length());
  found.key.ether_type = type < kFirstEtherType ? std::uint16_t{0} : type;
  found.key.vlans = vlans_of(frame, ethernet->header_length());
  const auto payload = frame.subspan(ethernet->header_length());
  bool known = false;
  if (type == packet::kEtherTypeIpv4 || type == packet::kEtherTypeIpv6) {
    known = look_at_ip(payload, found);
  } else if (type == packet::kEtherTypeArp) {
    found.kind = Kind::arp;
    known = look_at_arp(payload, found);
  }
  if (!known) look_at_ethernet(frame, found);
  return found;
}

FlowKey origin_of(const FlowKey& key) noexcept {
  FlowKey origin = key;
  if (key.ether_type != packet::kEtherTypeIpv4 && key.ether_type != packet::kEtherTypeIpv6) {
    return origin;
  }
  if (key.protocol == kIcmp || key.protocol == kIcmp6) {
    origin.source_port = 0;
    return origin;
  }
  const bool source = is_ephemeral(key.source_port);
  const bool destination = is_ephemeral(key.destination_port);
  if (source && !destination) origin.source_port = 0;
  if (destination && !source) origin.destination_port = 0;
  return origin;
}

}  // namespace warren::impair
