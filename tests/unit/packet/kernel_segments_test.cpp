// Replays what tests/platform/segments_test.cpp recorded: the kernel's segments, without
// privileges.
#include <catch2/catch_test_macros.hpp>

#include "support/vector_file.hpp"
#include "unit/packet/coalesce.hpp"

using namespace warren::packet;
using namespace warren::test;

namespace {

struct Recorded {
  std::string name;
  VirtioHeader header;
  PacketBytes packet;
  std::vector<PacketBytes> segments;
};

std::vector<Recorded> recorded() {
  std::vector<Recorded> all;
  for (const auto& block : read_vectors("packet/kernel_segments.txt")) {
    Recorded r{block.at("name"), {}, to_bytes(unhex(block.at("packet"))), {}};
    const auto v = to_bytes(unhex(block.at("virtio")));
    REQUIRE(v.size() == kVirtioHeaderBytes);
    r.header = {v[0], v[1], get16(v, 2), get16(v, 4), get16(v, 6), get16(v, 8)};
    for (const auto& [key, value] : block) {
      if (key.starts_with("segment")) r.segments.push_back(to_bytes(unhex(value)));
    }
    all.push_back(std::move(r));
  }
  return all;
}

PacketBytes framed(const PacketBytes& packet) {
  PacketBytes frame{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0};
  if (packet[0] >> 4U == 6) put16(frame, 12, 0x86dd);
  frame.insert(frame.end(), packet.begin(), packet.end());
  return frame;
}

}  // namespace

TEST_CASE("segments are those that the kernel made") {
  const auto all = recorded();
  CHECK(all.size() == 26);
  for (const auto& r : all) {
    CAPTURE(r.name);
    CHECK(segment({r.header, r.packet, 1, true}, Framing::ip) == r.segments);
    auto segments = r.segments;
    for (auto& bytes : segments) bytes = framed(bytes);
    auto header = r.header;
    header.checksum_start = static_cast<std::uint16_t>(header.checksum_start + 14);
    CHECK(segment({header, framed(r.packet), 1, true}, Framing::ethernet) == segments);
  }
}

TEST_CASE("the kernel's segments become the kernel's super-packet again") {
  std::size_t joined = 0;
  for (const auto& r : recorded()) {
    // Options, extension headers and CWR are not joined.
    if (r.name.find("options") != std::string::npos || r.name.starts_with("CWR")) continue;
    if (r.segments.size() < 2) continue;
    CAPTURE(r.name);
    const auto results = coalesce({}, r.segments);
    REQUIRE(results.size() == 1);
    CHECK(results[0].header == r.header);
    CHECK(results[0].bytes == r.packet);
    ++joined;
  }
  CHECK(joined == 18);
}
