// Packets for the tests of `packet`, and a checker of their structure and checksums that shares
// nothing with the module: byte by byte, and slow.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <warren/packet/virtio.hpp>

namespace warren::test {

using PacketBytes = std::vector<std::uint8_t>;
using packet::Framing;
using packet::VirtioHeader;

inline std::span<const std::byte> view(const PacketBytes& bytes) {
  return std::as_bytes(std::span(bytes));
}
inline std::span<std::byte> view(PacketBytes& bytes) {
  return std::as_writable_bytes(std::span(bytes));
}

inline PacketBytes to_bytes(std::span<const std::byte> from) {
  PacketBytes bytes(from.size());
  std::ranges::transform(from, bytes.begin(),
                         [](std::byte b) { return std::to_integer<std::uint8_t>(b); });
  return bytes;
}

inline PacketBytes random_bytes(std::mt19937& random, std::size_t size) {
  PacketBytes bytes(size);
  for (auto& b : bytes) b = static_cast<std::uint8_t>(random());
  return bytes;
}

inline void put16(PacketBytes& to, std::size_t at, std::size_t value) {
  to[at] = static_cast<std::uint8_t>(value >> 8U);
  to[at + 1] = static_cast<std::uint8_t>(value);
}
inline void put32(PacketBytes& to, std::size_t at, std::uint32_t value) {
  put16(to, at, value >> 16U);
  put16(to, at + 2, value & 0xffffU);
}
inline std::uint16_t get16(const PacketBytes& from, std::size_t at) {
  return static_cast<std::uint16_t>(from[at] << 8U | from[at + 1]);
}
inline std::uint32_t get32(const PacketBytes& from, std::size_t at) {
  return static_cast<std::uint32_t>(get16(from, at)) << 16U | get16(from, at + 2);
}

/// RFC 1071 as its text says it: big-endian words, end-around carry at every step.
inline std::uint16_t naive_sum(std::span<const std::uint8_t> bytes, std::uint16_t sum = 0) {
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    const unsigned low = i + 1 < bytes.size() ? bytes[i + 1] : 0U;
    unsigned next = sum + (static_cast<unsigned>(bytes[i]) << 8U) + low;
    if (next > 0xffff) next -= 0xffff;
    sum = static_cast<std::uint16_t>(next);
  }
  return sum;
}

/// What a packet is made from.
struct PacketSpec {
  bool v6 = false;
  bool udp = false;
  Framing framing = Framing::ip;
  int vlan_tags = 0;
  std::size_t ip_option_bytes = 0;   // IPv4; a multiple of 4
  bool destination_options = false;  // IPv6: an extension header of 8 bytes
  bool timestamps = false;           // TCP: 12 bytes of options
  std::uint32_t timestamp = 1000;
  std::uint8_t flags = 0x10;  // TCP: ACK
  std::uint32_t sequence = 1;
  std::uint32_t acknowledgement = 77;
  std::uint16_t window = 500;
  std::uint16_t id = 1;
  bool dont_fragment = true;
  std::uint8_t time_to_live = 64;
  std::uint8_t traffic_class = 0;
  std::uint32_t flow_label = 0x12345;
  std::uint16_t source_port = 40000;
  std::uint16_t destination_port = 5201;
  std::uint8_t host = 2;  // last byte of the destination address

  [[nodiscard]] std::size_t network() const {
    return framing == Framing::ip ? 0U : 14U + 4U * static_cast<unsigned>(vlan_tags);
  }
  [[nodiscard]] std::size_t transport() const {
    return network() + (v6 ? 40U + (destination_options ? 8U : 0U) : 20U + ip_option_bytes);
  }
  [[nodiscard]] std::size_t headers() const {
    return transport() + (udp ? 8U : (timestamps ? 32U : 20U));
  }
};

inline std::uint16_t pseudo_sum(const PacketSpec& spec, const PacketBytes& packet) {
  const std::size_t addresses = spec.network() + (spec.v6 ? 8U : 12U);
  const std::size_t length = packet.size() - spec.transport();
  const PacketBytes tail = {0, static_cast<std::uint8_t>(spec.udp ? 17 : 6),
                            static_cast<std::uint8_t>(length >> 8U),
                            static_cast<std::uint8_t>(length)};
  return naive_sum(tail, naive_sum(std::span(packet).subspan(addresses, spec.v6 ? 32 : 8)));
}

/// The headers and the payload, lengths and the IPv4 checksum right, the transport checksum the sum
/// of the pseudo header only.
inline PacketBytes make_unfinished(const PacketSpec& spec, const PacketBytes& payload) {
  PacketBytes p(spec.headers());
  if (spec.framing == Framing::ethernet) {
    p[0] = 2, p[5] = spec.host, p[6] = 2, p[11] = 1;
    for (int tag = 0; tag < spec.vlan_tags; ++tag) {
      const auto at = 12 + 4 * static_cast<std::size_t>(tag);
      put16(p, at, tag + 1 < spec.vlan_tags ? 0x88a8 : 0x8100);
      put16(p, at + 2, 7);
    }
    put16(p, spec.network() - 2, spec.v6 ? 0x86dd : 0x0800);
  }
  p.insert(p.end(), payload.begin(), payload.end());
  const std::size_t ip = spec.network();
  const std::size_t t = spec.transport();
  const std::uint8_t protocol = spec.udp ? 17 : 6;
  if (spec.v6) {
    put32(p, ip,
          6U << 28U | static_cast<std::uint32_t>(spec.traffic_class) << 20U | spec.flow_label);
    put16(p, ip + 4, p.size() - ip - 40);
    p[ip + 6] = spec.destination_options ? 60 : protocol;
    p[ip + 7] = spec.time_to_live;
    p[ip + 8] = 0xfd, p[ip + 23] = 1, p[ip + 24] = 0xfd, p[ip + 39] = spec.host;
    if (spec.destination_options) {
      p[ip + 40] = protocol, p[ip + 42] = 1, p[ip + 43] = 4;  // PadN
    }
  } else {
    p[ip] = static_cast<std::uint8_t>(0x45 + spec.ip_option_bytes / 4);
    p[ip + 1] = spec.traffic_class;
    put16(p, ip + 2, p.size() - ip);
    put16(p, ip + 4, spec.id);
    put16(p, ip + 6, spec.dont_fragment ? 0x4000 : 0);
    p[ip + 8] = spec.time_to_live;
    p[ip + 9] = protocol;
    p[ip + 12] = 10, p[ip + 15] = 1, p[ip + 16] = 10, p[ip + 19] = spec.host;
    std::fill_n(p.begin() + static_cast<std::ptrdiff_t>(ip + 20), spec.ip_option_bytes,
                std::uint8_t{1});
    put16(p, ip + 10, 0xffffU & ~naive_sum(std::span(p).subspan(ip, 20 + spec.ip_option_bytes)));
  }
  put16(p, t, spec.source_port);
  put16(p, t + 2, spec.destination_port);
  if (spec.udp) {
    put16(p, t + 4, p.size() - t);
    put16(p, t + 6, pseudo_sum(spec, p));
    return p;
  }
  put32(p, t + 4, spec.sequence);
  put32(p, t + 8, spec.acknowledgement);
  p[t + 12] = spec.timestamps ? 0x80 : 0x50;
  p[t + 13] = spec.flags;
  put16(p, t + 14, spec.window);
  if (spec.timestamps) {
    put32(p, t + 20, 0x0101080a);
    put32(p, t + 24, spec.timestamp);
    put32(p, t + 28, 4321);
  }
  put16(p, t + 16, pseudo_sum(spec, p));
  return p;
}

/// A whole packet with right checksums.
inline PacketBytes make_packet(const PacketSpec& spec, const PacketBytes& payload) {
  PacketBytes p = make_unfinished(spec, payload);
  const std::size_t field = spec.transport() + (spec.udp ? 6 : 16);
  std::uint16_t sum =
      static_cast<std::uint16_t>(~naive_sum(std::span(p).subspan(spec.transport())));
  if (spec.udp && sum == 0) sum = 0xffff;
  put16(p, field, sum);
  return p;
}

struct SuperPacket {
  VirtioHeader header;
  PacketBytes bytes;
};

inline SuperPacket make_super(const PacketSpec& spec, const PacketBytes& payload,
                              std::size_t gso_size) {
  SuperPacket super{{}, make_unfinished(spec, payload)};
  super.header.flags = VirtioHeader::kNeedsChecksum;
  super.header.gso_type = spec.udp  ? VirtioHeader::kGsoUdpL4
                          : spec.v6 ? VirtioHeader::kGsoTcpV6
                                    : VirtioHeader::kGsoTcpV4;
  super.header.header_length = static_cast<std::uint16_t>(spec.headers());
  super.header.gso_size = static_cast<std::uint16_t>(gso_size);
  super.header.checksum_start = static_cast<std::uint16_t>(spec.transport());
  super.header.checksum_offset = spec.udp ? 6 : 16;
  return super;
}

/// What segment `index` of `count` of a super-packet made from `spec` has to be, built from
/// nothing.
inline PacketBytes expected_segment(PacketSpec spec, const PacketBytes& payload,
                                    std::size_t gso_size, std::size_t index) {
  const std::size_t from = index * gso_size;
  const std::size_t to = std::min(payload.size(), from + gso_size);
  spec.id = static_cast<std::uint16_t>(spec.id + index);
  spec.sequence = static_cast<std::uint32_t>(spec.sequence + from);
  if (index > 0) spec.flags &= 0x7f;                 // CWR on the first only
  if (to < payload.size()) spec.flags &= 0xff & ~9;  // FIN and PSH on the last only
  return make_packet(spec, {payload.begin() + static_cast<std::ptrdiff_t>(from),
                            payload.begin() + static_cast<std::ptrdiff_t>(to)});
}

/// Why the TCP or UDP packet (without extension headers) is not well-formed; empty when it is.
inline std::string problem_of(const PacketBytes& p, std::size_t network) {
  if (p.size() < network + 20) return "too short";
  const bool v6 = p[network] >> 4U == 6;
  const std::size_t ip_bytes = v6 ? 40U : (p[network] & 15U) * 4U;
  const std::size_t transport = network + ip_bytes;
  if (p.size() < transport + 8) return "too short for its transport header";
  const std::size_t total = v6 ? 40U + get16(p, network + 4) : get16(p, network + 2);
  if (total != p.size() - network) return "wrong IP length";
  if (!v6 && naive_sum(std::span(p).subspan(network, ip_bytes)) != 0xffff)
    return "wrong IP checksum";
  const std::uint8_t protocol = p[network + (v6 ? 6 : 9)];
  const std::size_t length = p.size() - transport;
  if (protocol == 17 && get16(p, transport + 4) != length) return "wrong UDP length";
  if (protocol == 17 && get16(p, transport + 6) == 0) return "UDP checksum of 0";
  if (protocol == 6 && length < (p[transport + 12] >> 4U) * 4U) return "wrong TCP data offset";
  const PacketBytes tail = {0, protocol, static_cast<std::uint8_t>(length >> 8U),
                            static_cast<std::uint8_t>(length)};
  const auto pseudo =
      naive_sum(tail, naive_sum(std::span(p).subspan(network + (v6 ? 8 : 12), v6 ? 32 : 8)));
  if (naive_sum(std::span(p).subspan(transport), pseudo) != 0xffff)
    return "wrong transport checksum";
  return {};
}

}  // namespace warren::test
