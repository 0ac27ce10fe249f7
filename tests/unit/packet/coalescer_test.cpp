#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <functional>
#include <map>

#include "unit/packet/coalesce.hpp"

using namespace warren::packet;
using namespace warren::test;

namespace {

constexpr std::uint32_t kGsoSize = 1000;

/// Packet `index` of a flow that sends kGsoSize bytes in each.
PacketBytes nth(PacketSpec spec, std::size_t index, std::size_t payload_bytes = kGsoSize) {
  spec.id = static_cast<std::uint16_t>(spec.id + index);
  spec.sequence = static_cast<std::uint32_t>(spec.sequence + index * kGsoSize);
  return make_packet(spec, PacketBytes(payload_bytes, static_cast<std::uint8_t>(index)));
}

/// How many packets each result holds.
std::vector<std::size_t> shape(const std::vector<Coalesced>& results) {
  std::vector<std::size_t> counts;
  for (const auto& result : results) counts.push_back(result.pieces);
  return counts;
}

std::vector<std::size_t> shape_of(const std::vector<PacketBytes>& packets,
                                  CoalesceOptions options = {}) {
  return shape(coalesce(options, packets));
}

using Shape = std::vector<std::size_t>;

/// Three packets of a flow, the second made by `change`: it must not join the first.
void check_apart(const PacketSpec& spec, const std::function<void(PacketSpec&)>& change) {
  PacketSpec changed = spec;
  change(changed);
  const auto results = coalesce({spec.framing}, {nth(spec, 0), nth(changed, 1)});
  CHECK(shape(results) == Shape{1, 1});
  CHECK(results[1].bytes == nth(changed, 1));
}

}  // namespace

TEST_CASE("packets of a flow become the super-packet that its sender's kernel would have made") {
  PacketSpec spec;
  spec.v6 = GENERATE(false, true);
  spec.udp = GENERATE(false, true);
  spec.framing = GENERATE(Framing::ip, Framing::ethernet);
  spec.timestamps = GENERATE(false, true);
  std::vector<PacketBytes> packets;
  PacketBytes payload;
  for (std::size_t i = 0; i < 5; ++i) {
    packets.push_back(nth(spec, i, i < 4 ? kGsoSize : 333));
    payload.insert(payload.end(), i < 4 ? kGsoSize : 333, static_cast<std::uint8_t>(i));
  }
  const auto results = coalesce({spec.framing}, packets);
  REQUIRE(shape(results) == Shape{5});
  const auto expected = make_super(spec, payload, kGsoSize);
  CHECK(results[0].header == expected.header);
  CHECK(results[0].bytes == expected.bytes);
  CHECK(results[0].sizes_agree);
}

TEST_CASE("a packet that stays alone comes out unchanged under an empty virtio header") {
  PacketSpec spec;
  spec.udp = GENERATE(false, true);
  const auto results = coalesce({}, {nth(spec, 0)});
  REQUIRE(shape(results) == Shape{1});
  CHECK(results[0].bytes == nth(spec, 0));
  CHECK(results[0].header == VirtioHeader{});
}

TEST_CASE("a difference in the IPv4 header keeps packets apart") {
  PacketSpec spec;
  spec.udp = GENERATE(false, true);
  CHECK(shape_of({nth(spec, 0), nth(spec, 1)}) == Shape{2});
  SECTION("TTL") {
    check_apart(spec, [](auto& s) { s.time_to_live = 63; });
  }
  SECTION("TOS") {
    check_apart(spec, [](auto& s) { s.traffic_class = 2; });
  }
  SECTION("DF") {
    check_apart(spec, [](auto& s) { s.dont_fragment = false; });
  }
  SECTION("identification jumps") {
    check_apart(spec, [](auto& s) { s.id = 9; });
  }
  SECTION("options") {
    check_apart(spec, [](auto& s) { s.ip_option_bytes = 4; });
  }
}

TEST_CASE("a difference in the IPv6 header keeps packets apart") {
  PacketSpec spec;
  spec.v6 = true;
  spec.udp = GENERATE(false, true);
  CHECK(shape_of({nth(spec, 0), nth(spec, 1)}) == Shape{2});
  SECTION("hop limit") {
    check_apart(spec, [](auto& s) { s.time_to_live = 63; });
  }
  SECTION("traffic class") {
    check_apart(spec, [](auto& s) { s.traffic_class = 2; });
  }
  SECTION("flow label") {
    check_apart(spec, [](auto& s) { s.flow_label = 1; });
  }
  SECTION("extension header") {
    check_apart(spec, [](auto& s) { s.destination_options = true; });
  }
}

TEST_CASE("a difference in the TCP header keeps packets apart") {
  PacketSpec spec;
  spec.v6 = GENERATE(false, true);
  spec.timestamps = true;
  SECTION("acknowledgement") {
    check_apart(spec, [](auto& s) { s.acknowledgement = 78; });
  }
  SECTION("window") {
    check_apart(spec, [](auto& s) { s.window = 501; });
  }
  SECTION("timestamp") {
    check_apart(spec, [](auto& s) { s.timestamp = 1001; });
  }
  SECTION("options") {
    check_apart(spec, [](auto& s) { s.timestamps = false; });
  }
  SECTION("a gap") {
    check_apart(spec, [](auto& s) { s.sequence = 2; });
  }
  SECTION("a repetition") {
    check_apart(spec, [](auto& s) { s.sequence = 1U - kGsoSize; });
  }
  SECTION("SYN") {
    check_apart(spec, [](auto& s) { s.flags |= 0x02; });
  }
  SECTION("RST") {
    check_apart(spec, [](auto& s) { s.flags |= 0x04; });
  }
  SECTION("no ACK") {
    check_apart(spec, [](auto& s) { s.flags = 0; });
  }
  SECTION("URG") {
    check_apart(spec, [](auto& s) { s.flags |= 0x20; });
  }
  SECTION("ECE") {
    check_apart(spec, [](auto& s) { s.flags |= 0x40; });
  }
  SECTION("CWR") {
    check_apart(spec, [](auto& s) { s.flags |= 0x80; });
  }
}

TEST_CASE("a difference in the Ethernet header keeps packets apart") {
  PacketSpec spec;
  spec.framing = Framing::ethernet;
  SECTION("VLAN") {
    check_apart(spec, [](auto& s) { s.vlan_tags = 1; });
  }
  SECTION("source address") {
    auto second = nth(spec, 1);
    second[11] ^= 1;
    CHECK(shape_of({nth(spec, 0), second}, {Framing::ethernet}) == Shape{1, 1});
  }
}

TEST_CASE("CWR, SYN, RST and URG stay alone even as first packets") {
  PacketSpec first;
  first.flags |=
      GENERATE(std::uint8_t{0x80}, std::uint8_t{0x02}, std::uint8_t{0x04}, std::uint8_t{0x20});
  CHECK(shape_of({nth(first, 0), nth({}, 1), nth({}, 2)}) == Shape{1, 2});
}

TEST_CASE("PSH and FIN end a super-packet, which then carries them") {
  const std::uint8_t flag = GENERATE(std::uint8_t{0x08}, std::uint8_t{0x01});
  PacketSpec last;
  last.flags |= flag;
  const auto results = coalesce({}, {nth({}, 0), nth({}, 1), nth(last, 2), nth({}, 3), nth({}, 4)});
  REQUIRE(shape(results) == Shape{3, 2});
  CHECK(results[0].bytes[33] == (0x10 | flag));
  CHECK(results[1].bytes[33] == 0x10);
  CHECK(shape_of({nth(last, 0), nth({}, 1)}) == Shape{1, 1});
}

TEST_CASE("a shorter packet joins and closes, a longer one opens a new super-packet") {
  PacketSpec spec;
  spec.udp = GENERATE(false, true);
  CHECK(shape_of({nth(spec, 0), nth(spec, 1, 999), nth(spec, 2), nth(spec, 3)}) == Shape{2, 2});
  CHECK(shape_of({nth(spec, 0), nth(spec, 1, 1001), nth(spec, 2)}) ==
        (spec.udp ? Shape{1, 2} : Shape{1, 1, 1}));  // for TCP the third repeats a byte
}

TEST_CASE("an identification that stays joins only under DF, and stays throughout") {
  PacketSpec spec;
  spec.udp = GENERATE(false, true);
  const auto with_id = [&](std::size_t index, std::uint16_t id) {
    auto s = spec;
    s.sequence = static_cast<std::uint32_t>(1 + index * kGsoSize);
    s.id = id;
    return make_packet(s, PacketBytes(kGsoSize, 1));
  };
  CHECK(shape_of({with_id(0, 5), with_id(1, 5), with_id(2, 5)}) == Shape{3});
  CHECK(shape_of({with_id(0, 5), with_id(1, 5), with_id(2, 6), with_id(3, 7)}) == Shape{2, 2});
  CHECK(shape_of({with_id(0, 5), with_id(1, 6), with_id(2, 6), with_id(3, 6)}) == Shape{2, 2});
  CHECK(shape_of({with_id(0, 0xffff), with_id(1, 0), with_id(2, 1)}) == Shape{3});
  spec.dont_fragment = false;
  CHECK(shape_of({with_id(0, 5), with_id(1, 5)}) == Shape{1, 1});
  CHECK(shape_of({with_id(0, 5), with_id(1, 6)}) == Shape{2});
}

TEST_CASE("sequence numbers join across their wrap") {
  PacketSpec spec;
  spec.sequence = 0xfffffc00;
  CHECK(shape_of({nth(spec, 0), nth(spec, 1), nth(spec, 2)}) == Shape{3});
}

TEST_CASE("a pure acknowledgement keeps its place in its flow") {
  PacketSpec ack;
  ack.sequence = 1 + 2 * kGsoSize;
  const auto results =
      coalesce({}, {nth({}, 0), nth({}, 1), make_packet(ack, {}), nth({}, 2), nth({}, 3)});
  REQUIRE(shape(results) == Shape{2, 1, 2});
  CHECK(results[1].bytes == make_packet(ack, {}));
}

TEST_CASE("a packet with a wrong checksum passes untouched and closes its flow") {
  PacketSpec spec;
  spec.v6 = GENERATE(false, true);
  spec.udp = GENERATE(false, true);
  std::vector<PacketBytes> packets{nth(spec, 0), nth(spec, 1), nth(spec, 2), nth(spec, 3)};
  const auto damage = [&](std::size_t which) { packets[which].back() ^= 1; };
  SECTION("the first") {
    damage(0);
    CHECK(shape_of(packets) == Shape{1, 3});
  }
  SECTION("one between") {
    damage(1);
    const auto results = coalesce({}, packets);
    CHECK(shape(results) == Shape{1, 1, 2});
    CHECK(results[1].bytes == packets[1]);
    CHECK(results[1].header == VirtioHeader{});
  }
  SECTION("the last") {
    damage(3);
    CHECK(shape_of(packets) == Shape{3, 1});
  }
}

TEST_CASE("a wrong IPv4 header checksum is not made right") {
  auto damaged = nth({}, 1);
  damaged[10] ^= 1;
  const auto results = coalesce({}, {nth({}, 0), damaged, nth({}, 2)});
  REQUIRE(shape(results) == Shape{1, 1, 1});
  CHECK(results[1].bytes == damaged);
}

TEST_CASE("UDP without a checksum and UDP without payload are not joined") {
  PacketSpec spec;
  spec.udp = true;
  auto unsummed = nth(spec, 1);
  put16(unsummed, 26, 0);
  CHECK(shape_of({nth(spec, 0), unsummed, nth(spec, 2)}) == Shape{1, 1, 1});
  CHECK(shape_of({nth(spec, 0, 0), nth(spec, 1, 0), nth(spec, 2, 0)}) == Shape{1, 1, 1});
}

TEST_CASE("UDP whose length is not the packet's is not joined") {
  PacketSpec spec;
  spec.udp = true;
  auto other = nth(spec, 1);
  put16(other, 24, 1007);
  CHECK(shape_of({nth(spec, 0), other, nth(spec, 2)}) == Shape{1, 1, 1});
}

TEST_CASE("a padded frame keeps its padding and is not joined") {
  PacketSpec spec;
  spec.framing = Framing::ethernet;
  auto padded = nth(spec, 1, 2);
  padded.resize(padded.size() + 4);
  const auto results = coalesce({Framing::ethernet}, {nth(spec, 0), padded});
  REQUIRE(shape(results) == Shape{1, 1});
  CHECK(results[1].bytes == padded);
}

TEST_CASE("interleaved flows are joined each for itself, in the order of their first packets") {
  const std::size_t flows = GENERATE(std::size_t{4}, std::size_t{64});
  std::vector<PacketBytes> packets;
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t flow = 0; flow < flows; ++flow) {
      PacketSpec spec;
      spec.udp = flow % 2 == 1;
      spec.v6 = flow % 4 >= 2;
      spec.source_port = static_cast<std::uint16_t>(1000 + flow / 3);
      spec.host = static_cast<std::uint8_t>(2 + flow % 5);
      spec.id = static_cast<std::uint16_t>(flow << 8U);
      spec.destination_port = static_cast<std::uint16_t>(flow);
      packets.push_back(nth(spec, i));
    }
  }
  const auto results = coalesce({}, packets);
  CHECK(shape(results) == Shape(flows, 4));
  for (std::size_t flow = 0; flow < results.size(); ++flow) {
    const auto again = segment(results[flow], Framing::ip);
    REQUIRE(again.size() == 4);
    for (std::size_t i = 0; i < 4; ++i) CHECK(again[i] == packets[i * flows + flow]);
  }
}

TEST_CASE("more flows than the table holds lose nothing and keep their order") {
  std::vector<PacketBytes> packets;
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t flow = 0; flow < 300; ++flow) {
      PacketSpec spec;
      spec.destination_port = static_cast<std::uint16_t>(flow);
      packets.push_back(nth(spec, i, 8));
    }
  }
  std::map<std::uint16_t, std::vector<PacketBytes>> before, after;
  for (const auto& p : packets) before[get16(p, 22)].push_back(p);
  for (const auto& result : coalesce({}, packets)) {
    for (auto& p : segment(result, Framing::ip)) after[get16(p, 22)].push_back(p);
  }
  CHECK(before == after);
}

TEST_CASE("a fragment is not overtaken by later packets of any flow") {
  PacketSpec udp;
  udp.udp = true;
  auto fragment = nth(udp, 9);
  put16(fragment, 6, GENERATE(std::size_t{0x2000}, std::size_t{0x0010}));
  CHECK(shape_of({nth(udp, 0), nth(udp, 1), fragment, nth(udp, 2), nth(udp, 3)}) == Shape{2, 1, 2});
}

TEST_CASE("packets of other protocols do not disturb a flow") {
  auto icmp = nth({}, 9);
  icmp[9] = 1;
  CHECK(shape_of({nth({}, 0), icmp, nth({}, 1)}) == Shape{2, 1});
}

TEST_CASE("a super-packet ends below 64 KiB and at the most pieces") {
  std::vector<PacketBytes> packets;
  SECTION("bytes") {
    for (std::size_t i = 0; i < 48; ++i) {
      PacketSpec spec;
      spec.sequence = static_cast<std::uint32_t>(i * 1400);
      spec.id = static_cast<std::uint16_t>(i);
      packets.push_back(make_packet(spec, PacketBytes(1400, 3)));
    }
    CHECK(shape_of(packets) == Shape{46, 2});  // 40 + 46 * 1400 = 64,440
  }
  SECTION("exactly 65,535 bytes") {
    PacketSpec spec;
    const auto first = make_packet(spec, PacketBytes(60000, 3));
    spec.sequence += 60000;
    ++spec.id;
    CHECK(shape_of({first, make_packet(spec, PacketBytes(5495, 3))}) == Shape{2});
    CHECK(shape_of({first, make_packet(spec, PacketBytes(5496, 3))}) == Shape{1, 1});
  }
  SECTION("pieces") {
    for (std::size_t i = 0; i < 70; ++i) {
      PacketSpec spec;
      spec.udp = true;
      spec.id = static_cast<std::uint16_t>(i);
      packets.push_back(make_packet(spec, PacketBytes(10, 3)));
    }
    CHECK(shape_of(packets) == Shape{64, 6});
  }
}

TEST_CASE("what the device cannot take is not joined") {
  PacketSpec udp;
  udp.udp = true;
  const std::vector<PacketBytes> packets{nth({}, 0), nth({}, 1), nth(udp, 0), nth(udp, 1)};
  CHECK(shape_of(packets, {Framing::ip, true, true}) == Shape{2, 2});
  CHECK(shape_of(packets, {Framing::ip, false, true}) == Shape{1, 1, 2});
  CHECK(shape_of(packets, {Framing::ip, true, false}) == Shape{2, 1, 1});
  CHECK(shape_of(packets, {Framing::ip, false, false}) == Shape{1, 1, 1, 1});
}

TEST_CASE("a packet cut off anywhere in its headers passes unchanged") {
  PacketSpec spec;
  spec.v6 = GENERATE(false, true);
  spec.udp = GENERATE(false, true);
  const auto whole = nth(spec, 1);
  for (std::size_t size = 0; size <= spec.headers(); ++size) {
    const PacketBytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const auto results = coalesce({}, {nth(spec, 0), cut});
    CAPTURE(size);
    REQUIRE(results.size() == 2);
    CHECK(results[1].bytes == cut);
    CHECK(results[0].bytes == nth(spec, 0));
  }
}

TEST_CASE("a coalescer forgets its flows when it is cleared") {
  Coalescer coalescer({}, 2);
  auto first = nth({}, 0);
  auto second = nth({}, 1);
  CHECK_FALSE(coalescer.full());
  coalescer.add(view(first));
  coalescer.finish();
  CHECK(coalescer.count() == 1);
  coalescer.clear();
  CHECK(coalescer.count() == 0);
  coalescer.add(view(second));
  coalescer.add(view(first));
  CHECK(coalescer.full());
  coalescer.finish();
  CHECK(coalescer.count() == 2);
}
