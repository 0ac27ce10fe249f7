#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <warren/packet/segmenter.hpp>

#include "unit/packet/packets.hpp"

using namespace warren::packet;
using namespace warren::test;

namespace {

/// The segments, each written to a buffer of exactly its length.
std::vector<PacketBytes> segments_of(const SuperPacket& super, Framing framing) {
  const auto segmenter = Segmenter::create(super.header, view(super.bytes), framing);
  REQUIRE(segmenter);
  std::vector<PacketBytes> segments;
  for (std::size_t i = 0; i < segmenter->count(); ++i) {
    PacketBytes segment(segmenter->length(i));
    segmenter->write(i, view(segment).data());
    segments.push_back(std::move(segment));
  }
  return segments;
}

void check_cut(const PacketSpec& spec, std::size_t payload_bytes, std::size_t gso_size,
               std::uint8_t gso_flags = 0) {
  std::mt19937 random(static_cast<unsigned>(payload_bytes * 31 + gso_size));
  const auto payload = random_bytes(random, payload_bytes);
  auto super = make_super(spec, payload, gso_size);
  super.header.gso_type |= gso_flags;
  const auto before = super.bytes;
  const auto segments = segments_of(super, spec.framing);
  CHECK(super.bytes == before);
  const auto expected = std::max<std::size_t>(1, (payload_bytes + gso_size - 1) / gso_size);
  REQUIRE(segments.size() == expected);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (segments[i] != expected_segment(spec, payload, gso_size, i)) FAIL_CHECK("segment " << i);
    if (spec.destination_options) continue;  // the checker knows no extension headers
    if (const auto problem = problem_of(segments[i], spec.network()); !problem.empty()) {
      FAIL_CHECK("segment " << i << ": " << problem);
    }
  }
}

bool accepts(const SuperPacket& super, Framing framing = Framing::ip) {
  return Segmenter::create(super.header, view(super.bytes), framing).has_value();
}

}  // namespace

TEST_CASE("a super-packet is cut into the packets that its sender would have sent one by one") {
  PacketSpec spec;
  spec.v6 = GENERATE(false, true);
  spec.udp = GENERATE(false, true);
  spec.framing = GENERATE(Framing::ip, Framing::ethernet);
  const auto payload_bytes = GENERATE(std::size_t{2800}, std::size_t{2801}, std::size_t{2799},
                                      std::size_t{1401}, std::size_t{64000});
  const auto gso_size = GENERATE(std::size_t{1400}, std::size_t{1399}, std::size_t{536});
  CAPTURE(spec.v6, spec.udp, spec.framing == Framing::ip, payload_bytes, gso_size);
  check_cut(spec, payload_bytes, gso_size);
}

TEST_CASE("a TCP super-packet with timestamps keeps them in every segment") {
  PacketSpec spec;
  spec.v6 = GENERATE(false, true);
  spec.timestamps = true;
  check_cut(spec, 30000, 1388);
}

TEST_CASE("an IPv4 super-packet with options keeps them in every segment") {
  PacketSpec spec;
  spec.udp = GENERATE(false, true);
  spec.ip_option_bytes = GENERATE(std::size_t{4}, std::size_t{40});
  check_cut(spec, 5000, 1001);
}

TEST_CASE("the transport of an IPv6 super-packet is found behind extension headers") {
  PacketSpec spec;
  spec.v6 = true;
  spec.udp = GENERATE(false, true);
  spec.destination_options = true;
  check_cut(spec, 5000, 1001);
}

TEST_CASE("a super-packet in a frame with VLAN tags is cut") {
  PacketSpec spec;
  spec.v6 = GENERATE(false, true);
  spec.framing = Framing::ethernet;
  spec.vlan_tags = GENERATE(1, 2);
  check_cut(spec, 5000, 1001);
}

TEST_CASE("FIN and PSH are on the last segment only, CWR on the first only") {
  PacketSpec spec;
  spec.flags = 0x10 | 0x01 | 0x08 | 0x80 | 0x40;
  const auto segments = segments_of(make_super(spec, PacketBytes(3000, 1), 1000), Framing::ip);
  REQUIRE(segments.size() == 3);
  CHECK(segments[0][33] == (0x10 | 0x80 | 0x40));
  CHECK(segments[1][33] == (0x10 | 0x40));
  CHECK(segments[2][33] == (0x10 | 0x01 | 0x08 | 0x40));
  check_cut(spec, 3000, 1000, VirtioHeader::kGsoEcn);
}

TEST_CASE("the IPv4 identification and the TCP sequence number wrap within a super-packet") {
  PacketSpec spec;
  spec.id = 0xfffe;
  spec.sequence = 0xffffff00;
  check_cut(spec, 5000, 1000);
}

TEST_CASE("a super-packet with no more payload than gso_size is one segment") {
  PacketSpec spec;
  spec.udp = GENERATE(false, true);
  check_cut(spec, GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{1400}), 1400);
}

TEST_CASE("the largest super-packet with the smallest segments that Linux makes is cut") {
  check_cut({}, 65495, 8);
}

TEST_CASE("a UDP checksum that comes out as zero is sent as ffff") {
  PacketSpec spec;
  spec.udp = true;
  // A word that holds the checksum of the rest makes the sum ffff, in both segments alike.
  const auto complement = get16(make_packet(spec, PacketBytes(4, 0)), 26);
  PacketBytes payload(8, 0);
  put16(payload, 0, complement);
  put16(payload, 4, complement);
  const auto segments = segments_of(make_super(spec, payload, 4), Framing::ip);
  REQUIRE(segments.size() == 2);
  for (const auto& segment : segments) {
    CHECK(get16(segment, 26) == 0xffff);
    CHECK(problem_of(segment, 0).empty());
  }
}

TEST_CASE("a header_length that is wrong changes nothing") {
  auto super = make_super({}, PacketBytes(3000, 5), 1000);
  const auto segments = segments_of(super, Framing::ip);
  super.header.header_length = GENERATE(std::uint16_t{0}, std::uint16_t{1}, std::uint16_t{65535});
  CHECK(segments_of(super, Framing::ip) == segments);
}

TEST_CASE("a packet without flags is one segment and stays as it is") {
  const auto size =
      GENERATE(std::size_t{1}, std::size_t{60}, std::size_t{1500}, std::size_t{65535});
  const SuperPacket plain{{}, PacketBytes(size, 0x45)};
  for (const auto framing : {Framing::ip, Framing::ethernet}) {
    const auto segments = segments_of(plain, framing);
    REQUIRE(segments.size() == 1);
    CHECK(segments[0] == plain.bytes);
  }
}

TEST_CASE("a partial checksum is completed") {
  PacketSpec spec;
  spec.v6 = GENERATE(false, true);
  spec.udp = GENERATE(false, true);
  spec.framing = GENERATE(Framing::ip, Framing::ethernet);
  const PacketBytes payload(GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{999}), 0x5a);
  auto super = make_super(spec, payload, 0);
  super.header.gso_type = VirtioHeader::kGsoNone;
  const auto segments = segments_of(super, spec.framing);
  REQUIRE(segments.size() == 1);
  CHECK(segments[0] == make_packet(spec, payload));
}

TEST_CASE("a partial checksum that comes out as zero is sent as ffff") {
  PacketSpec spec;
  spec.udp = true;
  PacketBytes payload(2, 0);
  put16(payload, 0, get16(make_packet(spec, payload), 26));
  auto super = make_super(spec, payload, 0);
  super.header.gso_type = VirtioHeader::kGsoNone;
  const auto segments = segments_of(super, Framing::ip);
  CHECK(get16(segments[0], 26) == 0xffff);
  CHECK(problem_of(segments[0], 0).empty());
}

TEST_CASE("a checksum field at the very end is completed, and one byte further refused") {
  PacketBytes bytes(40, 0x45);
  VirtioHeader header;
  header.flags = VirtioHeader::kNeedsChecksum;
  header.checksum_start = 30;
  header.checksum_offset = 8;
  CHECK(accepts({header, bytes}));
  header.checksum_offset = 9;
  CHECK_FALSE(accepts({header, bytes}));
  header.checksum_start = 65535;
  header.checksum_offset = 65535;
  CHECK_FALSE(accepts({header, bytes}));
}

TEST_CASE("an empty packet is refused") {
  CHECK_FALSE(accepts({{}, {}}));
}

TEST_CASE("a virtio header that does not fit a TCP super-packet is refused") {
  PacketSpec spec;
  spec.v6 = GENERATE(false, true);
  auto super = make_super(spec, PacketBytes(3000, 1), 1000);
  REQUIRE(accepts(super));
  const auto start = super.header.checksum_start;
  SECTION("gso_size of 0") {
    super.header.gso_size = 0;
  }
  SECTION("too many segments") {
    super = make_super(spec, PacketBytes(8193, 1), 1);
  }
  SECTION("checksum not needed") {
    super.header.flags = VirtioHeader::kDataValid;
  }
  SECTION("the other IP version's gso_type") {
    super.header.gso_type = spec.v6 ? VirtioHeader::kGsoTcpV4 : VirtioHeader::kGsoTcpV6;
  }
  SECTION("UDP's gso_type") {
    super.header.gso_type = VirtioHeader::kGsoUdpL4;
  }
  SECTION("UDP's gso_type and checksum offset") {
    super.header.gso_type = VirtioHeader::kGsoUdpL4;
    super.header.checksum_offset = 6;
  }
  SECTION("UDP fragmentation offload") {
    super.header.gso_type = 3;
  }
  SECTION("unknown gso_type") {
    super.header.gso_type = 2;
  }
  SECTION("tunnel gso_type") {
    super.header.gso_type |= 0x20;
  }
  SECTION("ECN without a type") {
    super.header.gso_type = VirtioHeader::kGsoEcn;
  }
  SECTION("checksum start before the transport header") {
    super.header.checksum_start = static_cast<std::uint16_t>(start - 4);
  }
  SECTION("checksum start behind the transport header") {
    super.header.checksum_start = static_cast<std::uint16_t>(start + 4);
  }
  SECTION("checksum start of 0") {
    super.header.checksum_start = 0;
  }
  SECTION("checksum start behind the packet") {
    super.header.checksum_start = 65535;
  }
  SECTION("checksum offset of UDP") {
    super.header.checksum_offset = 6;
  }
  SECTION("checksum offset of nothing") {
    super.header.checksum_offset = 65535;
  }
  CHECK_FALSE(accepts(super));
}

TEST_CASE("a TCP super-packet whose own headers are wrong is refused") {
  PacketSpec spec;
  auto super = make_super(spec, PacketBytes(3000, 1), 1000);
  auto& p = super.bytes;
  SECTION("data offset below 20") {
    p[32] = 0x40;
  }
  SECTION("data offset of 0") {
    p[32] = 0;
  }
  SECTION("data offset behind the packet") {
    super = make_super(spec, PacketBytes(10, 1), 1000);
    super.bytes[32] = 0xf0;
  }
  SECTION("protocol UDP") {
    p[9] = 17;
  }
  SECTION("version 6") {
    p[0] = 0x65;
  }
  SECTION("IPv4 header length") {
    p[0] = 0x46;
  }
  SECTION("total length too small") {
    put16(p, 2, p.size() - 1);
  }
  SECTION("total length too large") {
    put16(p, 2, p.size() + 1);
  }
  SECTION("more fragments") {
    put16(p, 6, 0x2000);
  }
  SECTION("a fragment offset") {
    put16(p, 6, 1);
  }
  SECTION("cut off in the TCP header") {
    p.resize(39);
    put16(p, 2, 39);
  }
  SECTION("cut off in the IP header") {
    p.resize(19);
  }
  CHECK_FALSE(accepts(super));
}

TEST_CASE("a UDP super-packet whose headers are wrong is refused") {
  PacketSpec spec;
  spec.udp = true;
  auto super = make_super(spec, PacketBytes(3000, 1), 1000);
  REQUIRE(accepts(super));
  auto& p = super.bytes;
  SECTION("UDP length too small") {
    put16(p, 24, p.size() - 21);
  }
  SECTION("UDP length too large") {
    put16(p, 24, p.size() - 19);
  }
  SECTION("ECN") {
    super.header.gso_type |= VirtioHeader::kGsoEcn;
  }
  SECTION("protocol TCP") {
    p[9] = 6;
  }
  SECTION("TCP's checksum offset") {
    super.header.checksum_offset = 16;
  }
  SECTION("cut off in the UDP header") {
    p.resize(27);
    put16(p, 2, 27);
  }
  CHECK_FALSE(accepts(super));
}

TEST_CASE("IPv6 extension headers that do not lead to the transport are refused") {
  PacketSpec spec;
  spec.v6 = true;
  spec.destination_options = true;
  auto super = make_super(spec, PacketBytes(3000, 1), 1000);
  REQUIRE(accepts(super));
  auto& p = super.bytes;
  SECTION("the last names another protocol") {
    p[40] = 17;
  }
  SECTION("a length that skips the transport") {
    p[41] = 1;
  }
  SECTION("a length that leaves the packet") {
    p[41] = 255;
  }
  SECTION("a fragment header") {
    p[6] = 44;
  }
  SECTION("a header that is none") {
    p[6] = 59;
  }
  SECTION("TCP at once") {
    p[6] = 6;
  }
  SECTION("a chain that goes on") {
    p[40] = 60;
  }
  SECTION("a checksum start behind the packet") {
    super = make_super(spec, PacketBytes(30, 1), 10);
    super.bytes[41] = 20;
    super.header.checksum_start = 40 + 21 * 8;
  }
  CHECK_FALSE(accepts(super));
}

TEST_CASE("the framing must be the packet's") {
  PacketSpec spec;
  auto super = make_super(spec, PacketBytes(3000, 1), 1000);
  CHECK_FALSE(accepts(super, Framing::ethernet));
  spec.framing = Framing::ethernet;
  super = make_super(spec, PacketBytes(3000, 1), 1000);
  CHECK(accepts(super, Framing::ethernet));
  CHECK_FALSE(accepts(super, Framing::ip));
  put16(super.bytes, 12, 0x86dd);
  CHECK_FALSE(accepts(super, Framing::ethernet));
}
