// Theory of operation. create() checks everything once and works out what the segments have in
// common; write() then runs once per packet on the wire and copies the headers, patches the fields
// that differ, and copies and sums the payload in one pass.
//
// In a super-packet the transport checksum field holds the sum of the pseudo header for the whole
// length, not complemented (CHECKSUM_PARTIAL). Like the kernel's tcp_gso_segment and
// __udp_gso_segment this trusts the field and exchanges the length in it, which stays right behind
// an IPv6 routing header, where the pseudo header has the final destination. For the common part of
// the sum the fields that differ are left out: sequence number and flags (TCP), length (both).
//
// Fields, as the kernel sets them: IPv4 total length, identification plus index, header checksum;
// IPv6 payload length; TCP sequence number plus index times gso_size, FIN and PSH on the last
// segment only, CWR on the first only; UDP length. A UDP checksum that comes out as 0 is sent as
// 0xffff (RFC 768). A packet that is not a super-packet is finished as skb_checksum_help does it:
// the sum from checksum_start to the end, the partial sum in the field included.
//
// The transport header is where checksum_start says, as csum_start does inside the kernel;
// header_length is a hint and ignored. For IPv4 that must be the end of the header, for IPv6 the
// chain of extension headers must lead there.
#include <algorithm>
#include <array>
#include <cstring>

#include <warren/base/assert.hpp>
#include <warren/packet/ip_view.hpp>
#include <warren/packet/segmenter.hpp>

#include "fields.hpp"

namespace warren::packet {
namespace {

using base::load_be;
using base::store_be;

/// True when the extension headers of the IPv6 packet lead to a header of `protocol` at
/// `transport`.
bool extensions_lead_to(base::ConstBytes packet, std::uint8_t protocol,
                        std::size_t transport) noexcept {
  std::size_t at = ipv6::kBytes;
  auto next = std::to_integer<std::uint8_t>(packet[ipv6::kNextHeader]);
  while (at < transport) {
    // A fragment is never a super-packet.
    if (!ipv6::is_extension(next) || next == ipv6::kFragmentHeader) return false;
    if (at + 8 > packet.size()) return false;
    const auto units = std::to_integer<std::size_t>(packet[at + 1]);
    const std::size_t length = next == ipv6::kAuthentication ? (units + 2) * 4 : (units + 1) * 8;
    next = std::to_integer<std::uint8_t>(packet[at]);
    at += length;
  }
  return at == transport && next == protocol;
}

/// True when the IP packet is whole, not a fragment, and has `protocol` at `transport`.
bool network_matches(base::ConstBytes packet, const IpView& ip, std::uint8_t protocol,
                     std::size_t transport) noexcept {
  if (ip.total_length() != packet.size() || packet.size() > kMaxIpBytes) return false;
  if (transport > packet.size()) return false;
  if (ip.family() == base::Family::v6) return extensions_lead_to(packet, protocol, transport);
  const auto fragment = load_be<std::uint16_t>(packet.data() + ipv4::kFragment);
  return (fragment & ipv4::kFragmentMask) == 0 && ip.protocol() == protocol &&
         ip.header_length() == transport;
}

}  // namespace

std::optional<Segmenter> Segmenter::create(const VirtioHeader& header, base::ConstBytes packet,
                                           Framing framing) noexcept {
  if (packet.empty()) return std::nullopt;
  Segmenter segmenter;
  segmenter.packet_ = packet;
  const bool needs_checksum = (header.flags & VirtioHeader::kNeedsChecksum) != 0;
  if (header.gso_type != VirtioHeader::kGsoNone) {
    if (!needs_checksum || header.gso_size == 0) return std::nullopt;
    if (!segmenter.locate(header, framing)) return std::nullopt;
    if (!segmenter.prepare(header.gso_size)) return std::nullopt;
    return segmenter;
  }
  if (needs_checksum) {
    const std::size_t start = header.checksum_start;
    const std::size_t field = start + header.checksum_offset;
    if (field + sizeof(std::uint16_t) > packet.size()) return std::nullopt;
    segmenter.kind_ = Kind::checksum;
    segmenter.transport_ = start;
    segmenter.checksum_field_ = field;
  }
  return segmenter;
}

/// Finds the headers of a super-packet and checks that they are what the virtio header says.
bool Segmenter::locate(const VirtioHeader& header, Framing framing) noexcept {
  const bool ecn = (header.gso_type & VirtioHeader::kGsoEcn) != 0;
  const auto type = static_cast<std::uint8_t>(header.gso_type & ~VirtioHeader::kGsoEcn);
  const auto network = find_network(packet_, framing);
  if (!network || header.checksum_start < *network) return false;
  const base::ConstBytes ip_packet = packet_.subspan(*network);
  const auto ip = IpView::parse(ip_packet);
  if (!ip) return false;
  switch (type) {
    case VirtioHeader::kGsoTcpV4:
    case VirtioHeader::kGsoTcpV6:
      if ((type == VirtioHeader::kGsoTcpV4) != (ip->family() == base::Family::v4)) return false;
      if (header.checksum_offset != tcp::kChecksum) return false;
      kind_ = Kind::tcp;
      break;
    case VirtioHeader::kGsoUdpL4:
      if (ecn || header.checksum_offset != udp::kChecksum) return false;
      kind_ = Kind::udp;
      break;
    default:
      return false;
  }
  const std::size_t transport = header.checksum_start - *network;
  const std::uint8_t protocol = kind_ == Kind::tcp ? kProtocolTcp : kProtocolUdp;
  if (!network_matches(ip_packet, *ip, protocol, transport)) return false;
  family_ = ip->family();
  network_ = *network;
  transport_ = header.checksum_start;
  checksum_field_ = transport_ + header.checksum_offset;
  return true;
}

/// Checks the transport header, and works out the number of segments and their common sums.
bool Segmenter::prepare(std::size_t gso_size) noexcept {
  const base::ConstBytes transport = packet_.subspan(transport_);
  std::size_t header_bytes = udp::kBytes;
  if (kind_ == Kind::tcp) {
    if (transport.size() < tcp::kMinBytes) return false;
    header_bytes = tcp::header_length(transport.data());
    if (header_bytes < tcp::kMinBytes || header_bytes > transport.size()) return false;
    flags_ = std::to_integer<std::uint8_t>(transport[tcp::kFlags]);
    first_sequence_ = load_be<std::uint32_t>(transport.data() + tcp::kSequence);
  } else {
    if (transport.size() < udp::kBytes) return false;
    if (load_be<std::uint16_t>(transport.data() + udp::kLength) != transport.size()) return false;
  }
  headers_ = transport_ + header_bytes;
  segment_bytes_ = gso_size;
  const std::size_t payload = transport.size() - header_bytes;
  count_ = std::max<std::size_t>(1, (payload + gso_size - 1) / gso_size);
  if (count_ > kMaxSegments) return false;
  prepare_sums();
  return true;
}

void Segmenter::prepare_sums() noexcept {
  const std::size_t header_bytes = headers_ - transport_;
  const std::size_t old_length = packet_.size() - transport_;
  std::array<std::byte, tcp::kMaxBytes> common{};
  std::memcpy(common.data(), packet_.data() + transport_, header_bytes);
  const std::size_t field = checksum_field_ - transport_;
  const auto pseudo_sum = load_be<std::uint16_t>(common.data() + field);
  store_be<std::uint16_t>(common.data() + field, 0);
  if (kind_ == Kind::tcp) {
    store_be<std::uint32_t>(common.data() + tcp::kSequence, 0);
    common[tcp::kFlags] = std::byte{0};
  } else {
    store_be<std::uint16_t>(common.data() + udp::kLength, 0);
  }
  transport_sum_ = Checksum({common.data(), header_bytes})
                       .add_word(pseudo_sum)
                       .subtract_word(static_cast<std::uint16_t>(old_length));  // at most 65,535
  if (family_ != base::Family::v4) return;
  const base::ConstBytes ip = packet_.subspan(network_, transport_ - network_);
  first_id_ = load_be<std::uint16_t>(ip.data() + ipv4::kId);
  network_sum_ = Checksum(ip.first(ipv4::kTotalLength))
                     .add(ip.subspan(ipv4::kFragment, ipv4::kChecksum - ipv4::kFragment))
                     .add(ip.subspan(ipv4::kSource));
}

/// Sets the fields of the IP header at `network`, for a segment of `bytes` from there on.
void Segmenter::write_network(std::byte* network, std::size_t index,
                              std::size_t bytes) const noexcept {
  if (family_ == base::Family::v6) {
    store_be(network + ipv6::kPayloadLength, static_cast<std::uint16_t>(bytes - ipv6::kBytes));
    return;
  }
  const auto total_length = static_cast<std::uint16_t>(bytes);
  const auto id = static_cast<std::uint16_t>(first_id_ + index);
  store_be(network + ipv4::kTotalLength, total_length);
  store_be(network + ipv4::kId, id);
  store_be(network + ipv4::kChecksum,
           Checksum(network_sum_).add_word(total_length).add_word(id).value());
}

void Segmenter::write(std::size_t index, std::byte* out) const noexcept {
  WARREN_ASSERT(index < count_, "index={} count={}", index, count_);
  if (kind_ == Kind::verbatim) {
    std::memcpy(out, packet_.data(), packet_.size());
    return;
  }
  if (kind_ == Kind::checksum) {
    std::memcpy(out, packet_.data(), transport_);
    const auto value =
        Checksum().copy_and_add(out + transport_, packet_.subspan(transport_)).value();
    store_be<std::uint16_t>(out + checksum_field_, value == 0 ? 0xffff : value);
    return;
  }
  const std::size_t bytes = length(index);
  std::byte* transport = out + transport_;
  const auto transport_bytes = static_cast<std::uint16_t>(bytes - transport_);
  std::memcpy(out, packet_.data(), headers_);
  write_network(out + network_, index, bytes - network_);
  Checksum sum = transport_sum_;
  sum.copy_and_add(out + headers_,
                   packet_.subspan(headers_ + index * segment_bytes_, bytes - headers_));
  sum.add_word(transport_bytes);  // of the pseudo header
  if (kind_ == Kind::udp) {
    store_be(transport + udp::kLength, transport_bytes);
    const std::uint16_t value = sum.add_word(transport_bytes).value();
    store_be<std::uint16_t>(out + checksum_field_, value == 0 ? 0xffff : value);
    return;
  }
  std::uint8_t flags = flags_;
  if (index > 0) flags = static_cast<std::uint8_t>(flags & ~tcp::kCwr);
  if (index + 1 < count_) flags = static_cast<std::uint8_t>(flags & ~(tcp::kFin | tcp::kPsh));
  // Sequence numbers wrap at 2^32, and so may this.
  const auto sequence = static_cast<std::uint32_t>(first_sequence_ + index * segment_bytes_);
  transport[tcp::kFlags] = std::byte{flags};
  store_be(transport + tcp::kSequence, sequence);
  store_be(out + checksum_field_, sum.add_word(flags).add_double_word(sequence).value());
}

}  // namespace warren::packet
