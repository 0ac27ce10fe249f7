// Segmenting an arbitrary virtio header and packet. The first byte chooses the framing and whether
// the length and checksum fields are made right first; the virtio header and the packet follow.
// Whatever is accepted is written to buffers of exactly the promised lengths; the segments hold the
// payload once and in order, and where the fields were right every segment is a well-formed packet.
#include <cstdlib>

#include <warren/packet/segmenter.hpp>

#include "unit/packet/packets.hpp"

namespace {

using namespace warren::packet;
using namespace warren::test;

void require(bool condition) {
  if (!condition) std::abort();
}

/// Where the IP header starts, going by the framing and VLAN tags.
std::size_t network_of(const PacketBytes& p, Framing framing) {
  if (framing == Framing::ip) return 0;
  std::size_t at = 12;
  for (int tag = 0; tag < 2 && at + 6 <= p.size(); ++tag) {
    if (get16(p, at) != 0x8100 && get16(p, at) != 0x88a8) break;
    at += 4;
  }
  return at + 2;
}

/// Makes lengths, IPv4 checksum and the partial checksum right, where there is a plain IP packet
/// whose transport starts at checksum_start. True when there is.
bool repair(PacketBytes& p, const VirtioHeader& header, std::size_t network) {
  const std::size_t transport = header.checksum_start;
  if (p.size() < network + 20 || p.size() - network > 65535) return false;
  const bool v6 = p[network] >> 4U == 6;
  const std::size_t ip_bytes = v6 ? 40U : (p[network] & 15U) * 4U;
  if (ip_bytes < 20 || transport != network + ip_bytes) return false;
  if (p.size() < transport + header.checksum_offset + 2U || p.size() < transport + 8) return false;
  const std::uint8_t protocol = p[network + (v6 ? 6 : 9)];
  const std::size_t length = p.size() - transport;
  if (v6) {
    put16(p, network + 4, p.size() - network - 40);
  } else {
    put16(p, network + 2, p.size() - network);
    put16(p, network + 10, 0);
    put16(p, network + 10, 0xffffU & ~naive_sum(std::span(p).subspan(network, ip_bytes)));
  }
  if (protocol == 17) put16(p, transport + 4, length);
  const PacketBytes tail = {0, protocol, static_cast<std::uint8_t>(length >> 8U),
                            static_cast<std::uint8_t>(length)};
  put16(p, transport + header.checksum_offset,
        naive_sum(tail, naive_sum(std::span(p).subspan(network + (v6 ? 8 : 12), v6 ? 32 : 8))));
  return true;
}

/// TCP or UDP header bytes at the start of the transport of `p`.
std::size_t transport_bytes(const PacketBytes& p, const VirtioHeader& header) {
  if (header.gso_type == VirtioHeader::kGsoUdpL4) return 8;
  return (p[header.checksum_start + 12U] >> 4U) * 4U;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 11) return 0;
  const Framing framing = (data[0] & 1) != 0 ? Framing::ethernet : Framing::ip;
  const auto header = *VirtioHeader::parse(std::as_bytes(std::span(data + 1, 10)));
  PacketBytes p(data + 11, data + size);
  const std::size_t network = network_of(p, framing);
  const bool repaired = (data[0] & 2) != 0 && repair(p, header, network);
  const auto before = p;
  const auto segmenter = Segmenter::create(header, view(p), framing);
  if (!segmenter) return 0;
  const bool super = header.gso_type != VirtioHeader::kGsoNone;
  require(segmenter->count() >= 1 && segmenter->count() <= Segmenter::kMaxSegments);
  require(super || segmenter->count() == 1);
  const std::size_t headers = super ? header.checksum_start + transport_bytes(p, header) : 0;
  PacketBytes payload;
  for (std::size_t i = 0; i < segmenter->count(); ++i) {
    const std::size_t length = segmenter->length(i);
    require(length >= headers && length <= p.size());
    PacketBytes segment(length);
    segmenter->write(i, view(segment).data());
    payload.insert(payload.end(), segment.begin() + static_cast<std::ptrdiff_t>(headers),
                   segment.end());
    if (!super) continue;
    const bool last = i + 1 == segmenter->count();
    require(last ? length - headers <= header.gso_size : length - headers == header.gso_size);
    if (repaired) require(problem_of(segment, network).empty());
    // Addresses and ports are those of the super-packet.
    require(std::equal(segment.begin() + header.checksum_start,
                       segment.begin() + header.checksum_start + 4,
                       p.begin() + header.checksum_start));
  }
  require(p == before);
  require(payload.size() == p.size() - headers);
  if (super || (header.flags & VirtioHeader::kNeedsChecksum) == 0) {
    require(std::equal(payload.begin(), payload.end(),
                       p.begin() + static_cast<std::ptrdiff_t>(headers)));
  }
  return 0;
}
