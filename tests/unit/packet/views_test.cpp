#include <array>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <warren/packet/ethernet_view.hpp>
#include <warren/packet/ip_view.hpp>
#include <warren/packet/virtio.hpp>

#include "unit/packet/packets.hpp"

using namespace warren;
using namespace warren::packet;
using namespace warren::test;

TEST_CASE("an IPv4 header is read field by field") {
  PacketSpec spec;
  spec.traffic_class = 0xb9;
  spec.ip_option_bytes = 8;
  const auto packet = make_packet(spec, PacketBytes(100, 1));
  const auto ip = IpView::parse(view(packet));
  REQUIRE(ip);
  CHECK(ip->family() == base::Family::v4);
  CHECK(ip->source().to_string() == "10.0.0.1");
  CHECK(ip->destination().to_string() == "10.0.0.2");
  CHECK(ip->header_length() == 28);
  CHECK(ip->total_length() == packet.size());
  CHECK(ip->protocol() == 6);
  CHECK(ip->traffic_class() == 0xb9);
}

TEST_CASE("an IPv6 header is read field by field") {
  PacketSpec spec;
  spec.v6 = true;
  spec.udp = true;
  spec.traffic_class = 0xb9;
  const auto packet = make_packet(spec, PacketBytes(100, 1));
  const auto ip = IpView::parse(view(packet));
  REQUIRE(ip);
  CHECK(ip->family() == base::Family::v6);
  CHECK(ip->source().to_string() == "fd00::1");
  CHECK(ip->destination().to_string() == "fd00::2");
  CHECK(ip->header_length() == 40);
  CHECK(ip->total_length() == packet.size());
  CHECK(ip->protocol() == 17);
  CHECK(ip->traffic_class() == 0xb9);
}

TEST_CASE("an IP packet shorter or longer than its length field is still viewed") {
  auto packet = make_packet({}, PacketBytes(100, 1));
  const auto total = packet.size();
  packet.resize(GENERATE(std::size_t{20}, std::size_t{139}, std::size_t{141}));
  const auto ip = IpView::parse(view(packet));
  REQUIRE(ip);
  CHECK(ip->total_length() == total);
}

TEST_CASE("an IP header that is cut off is refused at every length") {
  const bool v6 = GENERATE(false, true);
  PacketSpec spec;
  spec.v6 = v6;
  spec.ip_option_bytes = v6 ? 0 : 12;
  const auto packet = make_packet(spec, PacketBytes(10, 1));
  for (std::size_t size = 0; size < spec.transport(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(IpView::parse(view(packet).first(size)));
  }
  CHECK(IpView::parse(view(packet).first(spec.transport())));
}

TEST_CASE("an IPv4 header with inconsistent lengths is refused") {
  auto packet = make_packet({}, PacketBytes(10, 1));
  SECTION("header length below 20") {
    packet[0] = 0x44;
  }
  SECTION("header length of 0") {
    packet[0] = 0x40;
  }
  SECTION("total length below the header length") {
    put16(packet, 2, 19);
  }
  SECTION("total length of 0") {
    put16(packet, 2, 0);
  }
  CHECK_FALSE(IpView::parse(view(packet)));
}

TEST_CASE("an IP version that is not 4 or 6 is refused") {
  auto packet = make_packet({}, PacketBytes(100, 1));
  for (unsigned version = 0; version < 16; ++version) {
    packet[0] = static_cast<std::uint8_t>(version << 4U | 5U);
    CAPTURE(version);
    CHECK(IpView::parse(view(packet)).has_value() == (version == 4 || version == 6));
  }
}

TEST_CASE("an Ethernet header is read field by field") {
  PacketSpec spec;
  spec.framing = Framing::ethernet;
  const auto frame = make_packet(spec, PacketBytes(10, 1));
  const auto ethernet = EthernetView::parse(view(frame));
  REQUIRE(ethernet);
  CHECK(ethernet->destination().to_string() == "02:00:00:00:00:02");
  CHECK(ethernet->source().to_string() == "02:00:00:00:00:01");
  CHECK(ethernet->ether_type() == kEtherTypeIpv4);
  CHECK(ethernet->payload_type() == kEtherTypeIpv4);
  CHECK(ethernet->header_length() == 14);
  CHECK_FALSE(EthernetView::parse(view(frame).first(13)));
}

TEST_CASE("the payload of a frame is found behind one and two VLAN tags") {
  PacketSpec spec;
  spec.framing = Framing::ethernet;
  spec.v6 = true;
  spec.vlan_tags = GENERATE(1, 2);
  const auto frame = make_packet(spec, PacketBytes(10, 1));
  const auto ethernet = EthernetView::parse(view(frame));
  REQUIRE(ethernet);
  CHECK(ethernet->ether_type() == (spec.vlan_tags == 1 ? kEtherTypeVlan : kEtherTypeServiceVlan));
  CHECK(ethernet->payload_type() == kEtherTypeIpv6);
  CHECK(ethernet->header_length() == spec.network());
}

TEST_CASE("a frame cut off inside its VLAN tag has no payload type behind the tag") {
  PacketSpec spec;
  spec.framing = Framing::ethernet;
  spec.vlan_tags = 1;
  const auto frame = make_packet(spec, PacketBytes(10, 1));
  const auto ethernet = EthernetView::parse(view(frame).first(17));
  REQUIRE(ethernet);
  CHECK(ethernet->payload_type() == kEtherTypeVlan);
  CHECK(ethernet->header_length() == 14);
}

TEST_CASE("a virtio header lies in memory as the kernel lays it out") {
  const VirtioHeader header{
      VirtioHeader::kNeedsChecksum, VirtioHeader::kGsoTcpV6, 72, 1400, 40, 16};
  std::array<std::byte, kVirtioHeaderBytes> bytes;
  header.write(bytes.data());
  const std::array<std::uint16_t, 4> fields{72, 1400, 40, 16};  // in the machine's order
  CHECK(bytes[0] == std::byte{1});
  CHECK(bytes[1] == std::byte{4});
  CHECK(std::ranges::equal(std::span(bytes).subspan(2), std::as_bytes(std::span(fields))));
  CHECK(VirtioHeader::parse(bytes) == header);
}

TEST_CASE("a virtio header that is cut off is refused") {
  const std::array<std::byte, kVirtioHeaderBytes> bytes{};
  CHECK_FALSE(VirtioHeader::parse(std::span(bytes).first(9)));
  CHECK(VirtioHeader::parse(bytes) == VirtioHeader{});
}
