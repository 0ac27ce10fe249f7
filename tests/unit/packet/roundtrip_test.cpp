// Segmenting and coalescing undo each other, and neither allocates.
#include <catch2/catch_test_macros.hpp>

#include "support/counting_new.hpp"
#include "unit/packet/coalesce.hpp"

using namespace warren::packet;
using namespace warren::test;

namespace {

PacketSpec random_spec(std::mt19937& random) {
  PacketSpec spec;
  spec.v6 = random() % 2 == 0;
  spec.udp = random() % 3 == 0;
  spec.framing = random() % 2 == 0 ? Framing::ip : Framing::ethernet;
  spec.vlan_tags = spec.framing == Framing::ethernet ? static_cast<int>(random() % 3) : 0;
  spec.timestamps = random() % 2 == 0;
  spec.timestamp = static_cast<std::uint32_t>(random());
  spec.flags =
      static_cast<std::uint8_t>(0x10 | (random() % 4 == 0 ? 0x08 : 0) |
                                (random() % 8 == 0 ? 0x01 : 0) | (random() % 4 == 0 ? 0x40 : 0));
  spec.sequence = static_cast<std::uint32_t>(random());
  spec.acknowledgement = static_cast<std::uint32_t>(random());
  spec.id = static_cast<std::uint16_t>(random());
  spec.dont_fragment = random() % 2 == 0;
  spec.traffic_class = static_cast<std::uint8_t>(random());
  spec.source_port = static_cast<std::uint16_t>(random());
  return spec;
}

}  // namespace

TEST_CASE("a super-packet that is segmented and coalesced again is the same super-packet") {
  std::mt19937 random(42);
  for (int round = 0; round < 400; ++round) {
    const auto spec = random_spec(random);
    const std::size_t count = 2 + random() % 63;
    const std::size_t gso_size = 1 + random() % ((65535 - spec.headers()) / count);
    const std::size_t last = 1 + random() % gso_size;
    const auto payload = random_bytes(random, (count - 1) * gso_size + last);
    const auto super = make_super(spec, payload, gso_size);
    const Coalesced as_result{super.header, super.bytes, 1, true};
    const auto segments = segment(as_result, spec.framing);
    const auto results = coalesce({spec.framing}, segments);
    CAPTURE(round, spec.v6, spec.udp, spec.flags, count, gso_size, last);
    REQUIRE(segments.size() == count);
    REQUIRE(results.size() == 1);
    CHECK(results[0].header == super.header);
    if (results[0].bytes != super.bytes) FAIL("the bytes differ");
    for (const auto& packet : segments) REQUIRE(problem_of(packet, spec.network()).empty());
  }
}

TEST_CASE("super-packets of flows that interleave come back whole") {
  std::mt19937 random(43);
  for (int round = 0; round < 50; ++round) {
    std::vector<PacketBytes> supers;
    std::vector<std::vector<PacketBytes>> queues;
    for (std::size_t flow = 0; flow < 8; ++flow) {
      auto spec = random_spec(random);
      spec.framing = Framing::ip;
      spec.vlan_tags = 0;
      spec.destination_port = static_cast<std::uint16_t>(flow);
      const auto super = make_super(spec, random_bytes(random, 500 * (2 + random() % 10)), 500);
      supers.push_back(super.bytes);
      queues.push_back(segment({super.header, super.bytes, 1, true}, Framing::ip));
    }
    std::vector<PacketBytes> mixed;
    for (std::size_t at = 0; at < 12; ++at) {
      for (const auto& queue : queues) {
        if (at < queue.size()) mixed.push_back(queue[at]);
      }
    }
    const auto results = coalesce({}, mixed);
    REQUIRE(results.size() == supers.size());
    for (std::size_t flow = 0; flow < supers.size(); ++flow) {
      if (results[flow].bytes != supers[flow]) FAIL("flow " << flow << " of round " << round);
    }
  }
}

TEST_CASE("nothing is allocated after construction") {
  std::vector<PacketBytes> packets;
  for (std::size_t i = 0; i < 128; ++i) {
    PacketSpec spec;
    spec.udp = i % 3 == 0;
    spec.v6 = i % 2 == 0;
    spec.destination_port = static_cast<std::uint16_t>(i % 7);
    spec.sequence = static_cast<std::uint32_t>(i);
    packets.push_back(make_packet(spec, PacketBytes(600, 1)));
  }
  const auto super = make_super({}, PacketBytes(60000, 1), 1400);
  PacketBytes out(1500);
  Coalescer coalescer({}, packets.size());
  std::size_t bytes = 0;
  const unsigned allocations = allocations_in([&] {
    for (int round = 0; round < 3; ++round) {
      for (auto& packet : packets) coalescer.add(view(packet));
      coalescer.finish();
      for (std::size_t i = 0; i < coalescer.count(); ++i) bytes += coalescer.packet(i).bytes;
      coalescer.clear();
      const auto segmenter = Segmenter::create(super.header, view(super.bytes), Framing::ip);
      for (std::size_t i = 0; i < segmenter->count(); ++i) segmenter->write(i, view(out).data());
    }
  });
  CHECK(allocations == 0);
  CHECK(bytes > 0);
}
