// Theory of operation
//
// The error quotes the packet from its IP header on: IPv4 so much that the error has at most 576
// bytes (RFC 1812 section 4.3.2.3), IPv6 at most 1280 (RFC 4443 section 3.2). That holds the
// transport's ports and sequence number, by which the sender finds the connection.
//
// Its source is the destination of the packet. A router would take an address of its own, but the
// end of a tunnel need not have one, and one from an interface elsewhere may be refused on arrival:
// an address that the tunnel's routes lead to passes any reverse path filter (RFC 3704), and the
// sender looks at what is quoted, not at who says it. A packet to a group has no such address, so
// it is not answered, although RFC 4443 section 2.4 (e.3) would allow that.
//
// No error answers an ICMP error, or two hosts could keep each other busy. In IPv6 the chain of
// extension headers is followed to find out; a chain that cannot be followed to its end is not
// answered, nor a fragment other than the first, which does not have the end in it: the first is as
// long, and is answered.
#include <algorithm>
#include <cstring>

#include <warren/packet/checksum.hpp>
#include <warren/packet/icmp.hpp>
#include <warren/packet/ip_view.hpp>

#include "fields.hpp"

namespace warren::packet {
namespace {

using base::load_be;
using base::store_be;

constexpr std::uint8_t kProtocolIcmp = 1;
constexpr std::uint8_t kProtocolIcmpV6 = 58;
constexpr std::uint8_t kTimeToLive = 64;
constexpr std::uint8_t kInternetworkControl = 0xc0;  // RFC 1812 section 4.3.2.5
// Type, code, checksum and four bytes whose meaning is the type's.
constexpr std::size_t kIcmpHeaderBytes = 8;
constexpr std::size_t kIcmpChecksum = 2;
constexpr std::size_t kIcmpMtu = 6;    // RFC 1191 section 4
constexpr std::size_t kIcmpV6Mtu = 4;  // 32 bits
constexpr std::size_t kMaxIpv4ErrorBytes = 576;
constexpr std::byte kIcmpUnreachable{3};
constexpr std::byte kIcmpFragmentationNeeded{4};
constexpr std::byte kIcmpV6PacketTooBig{2};
static_assert(kMaxTooBigBytes >= kMaxIpv4ErrorBytes);

/// False for 0.0.0.0/8, loopback, multicast, class E and broadcast; ::, ::1 and multicast.
bool is_single_host(const base::IpAddress& address) noexcept {
  const auto bytes = address.bytes();
  const auto first = std::to_integer<unsigned>(bytes[0]);
  if (address.is_v4()) return first != 0 && first != 127 && first < 224;
  const bool zeros = std::all_of(bytes.begin(), bytes.end() - 1,
                                 [](std::byte byte) { return byte == std::byte{0}; });
  return first != 0xff && !(zeros && std::to_integer<unsigned>(bytes[15]) <= 1);
}

/// RFC 1122 section 3.2.2: the types that are errors.
bool is_icmp_error(std::byte type) noexcept {
  switch (std::to_integer<unsigned>(type)) {
    case 3:   // destination unreachable
    case 4:   // source quench
    case 5:   // redirect
    case 11:  // time exceeded
    case 12:  // parameter problem
      return true;
    default:
      return false;
  }
}

/// RFC 4443 section 2.1: errors are below 128. Redirects (RFC 4861) are none but count as such.
bool is_icmpv6_error(std::byte type) noexcept {
  const auto number = std::to_integer<unsigned>(type);
  return number < 128 || number == 137;
}

bool may_answer_ipv4(base::ConstBytes packet, const IpView& ip) noexcept {
  const auto fragment = load_be<std::uint16_t>(packet.data() + ipv4::kFragment);
  constexpr std::uint16_t kMoreFragments = 0x2000;
  constexpr std::uint16_t kOffsetMask = ipv4::kFragmentMask & ~kMoreFragments;
  if ((fragment & ipv4::kDontFragment) == 0 || (fragment & kOffsetMask) != 0) return false;
  if (ip.protocol() != kProtocolIcmp) return true;
  return ip.header_length() < packet.size() && !is_icmp_error(packet[ip.header_length()]);
}

bool may_answer_ipv6(base::ConstBytes packet) noexcept {
  std::size_t at = ipv6::kBytes;
  auto next = std::to_integer<std::uint8_t>(packet[ipv6::kNextHeader]);
  while (ipv6::is_extension(next)) {
    if (at + 8 > packet.size()) return false;
    std::size_t length = (std::to_integer<std::size_t>(packet[at + 1]) + 1) * 8;
    if (next == ipv6::kAuthentication) {
      length = (std::to_integer<std::size_t>(packet[at + 1]) + 2) * 4;
    } else if (next == ipv6::kFragmentHeader) {
      length = 8;
      if (load_be<std::uint16_t>(packet.data() + at + 2) >> 3U != 0) return false;
    }
    next = std::to_integer<std::uint8_t>(packet[at]);
    at += length;
  }
  if (next != kProtocolIcmpV6) return true;
  return at < packet.size() && !is_icmpv6_error(packet[at]);
}

std::size_t write_ipv4(base::ConstBytes packet, std::uint16_t mtu, std::byte* out) noexcept {
  constexpr std::size_t kHeaders = ipv4::kMinBytes + kIcmpHeaderBytes;
  const auto quoted = packet.first(std::min(packet.size(), kMaxIpv4ErrorBytes - kHeaders));
  const std::size_t bytes = kHeaders + quoted.size();
  std::memset(out, 0, kHeaders);
  out[0] = std::byte{0x45};
  out[ipv4::kTrafficClass] = std::byte{kInternetworkControl};
  store_be(out + ipv4::kTotalLength, static_cast<std::uint16_t>(bytes));  // at most 576
  // An identification of 0 is in order for what is never fragmented (RFC 6864 section 4.1).
  store_be(out + ipv4::kFragment, ipv4::kDontFragment);
  out[ipv4::kTimeToLive] = std::byte{kTimeToLive};
  out[ipv4::kProtocol] = std::byte{kProtocolIcmp};
  std::memcpy(out + ipv4::kSource, packet.data() + ipv4::kDestination, 4);
  std::memcpy(out + ipv4::kDestination, packet.data() + ipv4::kSource, 4);
  store_be(out + ipv4::kChecksum, Checksum({out, ipv4::kMinBytes}).value());
  std::byte* const icmp = out + ipv4::kMinBytes;
  icmp[0] = kIcmpUnreachable;
  icmp[1] = kIcmpFragmentationNeeded;
  store_be(icmp + kIcmpMtu, mtu);
  const auto sum = Checksum({icmp, kIcmpHeaderBytes}).copy_and_add(icmp + kIcmpHeaderBytes, quoted);
  store_be(icmp + kIcmpChecksum, sum.value());
  return bytes;
}

std::size_t write_ipv6(base::ConstBytes packet, std::uint16_t mtu, std::byte* out) noexcept {
  constexpr std::size_t kHeaders = ipv6::kBytes + kIcmpHeaderBytes;
  const auto quoted = packet.first(std::min(packet.size(), kMaxTooBigBytes - kHeaders));
  const auto payload = static_cast<std::uint16_t>(kIcmpHeaderBytes + quoted.size());  // <= 1240
  std::memset(out, 0, kHeaders);
  out[0] = std::byte{0x60};
  store_be(out + ipv6::kPayloadLength, payload);
  out[ipv6::kNextHeader] = std::byte{kProtocolIcmpV6};
  out[ipv6::kHopLimit] = std::byte{kTimeToLive};
  std::memcpy(out + ipv6::kSource, packet.data() + ipv6::kDestination, 16);
  std::memcpy(out + ipv6::kDestination, packet.data() + ipv6::kSource, 16);
  std::byte* const icmp = out + ipv6::kBytes;
  icmp[0] = kIcmpV6PacketTooBig;
  store_be(icmp + kIcmpV6Mtu, std::uint32_t{mtu});
  const auto sum =
      Checksum({icmp, kIcmpHeaderBytes})
          .add_pseudo_header({out + ipv6::kSource, ipv6::kAddressesBytes}, kProtocolIcmpV6, payload)
          .copy_and_add(icmp + kIcmpHeaderBytes, quoted);
  store_be(icmp + kIcmpChecksum, sum.value());
  return kHeaders + quoted.size();
}

}  // namespace

std::size_t write_too_big(base::ConstBytes packet, std::uint16_t mtu, base::Bytes out) noexcept {
  const auto ip = IpView::parse(packet);
  if (!ip || ip->total_length() != packet.size() || out.size() < kMaxTooBigBytes) return 0;
  if (!is_single_host(ip->source()) || !is_single_host(ip->destination())) return 0;
  if (ip->family() == base::Family::v4) {
    return may_answer_ipv4(packet, *ip) ? write_ipv4(packet, mtu, out.data()) : 0;
  }
  return may_answer_ipv6(packet) ? write_ipv6(packet, mtu, out.data()) : 0;
}

}  // namespace warren::packet
