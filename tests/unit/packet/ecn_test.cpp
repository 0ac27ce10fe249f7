#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include <warren/packet/ecn.hpp>

#include "unit/packet/packets.hpp"

using namespace warren::packet;
using namespace warren::test;

namespace {

constexpr int kDrop = -1;

struct Case {
  int number;
  std::uint8_t inner;
  std::uint8_t outer;
  int result;
};

// RFC 6040 figure 4, row by row. Not-ECT 0, ECT(1) 1, ECT(0) 2, CE 3.
constexpr Case kCases[] = {
    {1, 0, 0, 0},  {2, 0, 2, 0},  {3, 0, 1, 0},  {4, 0, 3, kDrop}, {5, 2, 0, 2},  {6, 2, 2, 2},
    {7, 2, 1, 1},  {8, 2, 3, 3},  {9, 1, 0, 1},  {10, 1, 2, 1},    {11, 1, 1, 1}, {12, 1, 3, 3},
    {13, 3, 0, 3}, {14, 3, 2, 3}, {15, 3, 1, 3}, {16, 3, 3, 3},
};

}  // namespace

TEST_CASE("the outer congestion mark is combined into the packet as RFC 6040 says") {
  const auto c = GENERATE(from_range(std::begin(kCases), std::end(kCases)));
  const bool v6 = GENERATE(false, true);
  const int tags = GENERATE(-1, 0, 1);  // -1: no Ethernet header
  CAPTURE(c.number, v6, tags);
  PacketSpec spec;
  spec.v6 = v6;
  spec.framing = tags < 0 ? Framing::ip : Framing::ethernet;
  spec.vlan_tags = tags < 0 ? 0 : tags;
  spec.traffic_class = static_cast<std::uint8_t>(0xb8 | c.inner);
  auto packet = make_packet(spec, PacketBytes(40, 9));
  const auto before = packet;
  CHECK(ecn_of(view(packet), spec.framing) == c.inner);
  CHECK(decapsulate_ecn(c.outer, view(packet), spec.framing) == (c.result != kDrop));
  if (c.result == kDrop) {
    CHECK(packet == before);
    return;
  }
  spec.traffic_class = static_cast<std::uint8_t>(0xb8 | c.result);
  CHECK(packet == make_packet(spec, PacketBytes(40, 9)));  // checksum included, DSCP kept
}

TEST_CASE("the IPv4 checksum stays right for every identification when congestion is marked") {
  PacketSpec spec;
  spec.traffic_class = GENERATE(std::uint8_t{1}, std::uint8_t{2});
  for (unsigned id = 0; id < 65536; id += 13) {
    spec.id = static_cast<std::uint16_t>(id);
    auto packet = make_packet(spec, {});
    REQUIRE(decapsulate_ecn(3, view(packet), Framing::ip));
    if (naive_sum(std::span(packet).first(20)) != 0xffff) FAIL("id " << id);
  }
  SUCCEED();
}

TEST_CASE("only the two low bits of the outer traffic class count") {
  PacketSpec spec;
  spec.traffic_class = 2;
  auto packet = make_packet(spec, {});
  CHECK(decapsulate_ecn(0xfc, view(packet), Framing::ip));
  CHECK(packet == make_packet(spec, {}));
}

TEST_CASE("a packet that is not IP passes unchanged whatever the outer mark") {
  PacketSpec spec;
  spec.framing = Framing::ethernet;
  auto frame = make_packet(spec, PacketBytes(40, 9));
  SECTION("ARP") {
    put16(frame, 12, 0x0806);
  }
  SECTION("type and version disagree") {
    put16(frame, 12, 0x86dd);
  }
  SECTION("cut off in the IP header") {
    frame.resize(14 + 19);
  }
  SECTION("cut off in the Ethernet header") {
    frame.resize(13);
  }
  SECTION("empty") {
    frame.clear();
  }
  const auto before = frame;
  for (std::uint8_t outer = 0; outer < 4; ++outer) {
    CHECK(decapsulate_ecn(outer, view(frame), Framing::ethernet));
  }
  CHECK(ecn_of(view(frame), Framing::ethernet) == 0);
  CHECK(frame == before);
}
