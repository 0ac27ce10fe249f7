#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>

#include <warren/lab/pcapng.hpp>

#include "support/pcapng_reader.hpp"

using namespace warren;
using namespace std::chrono_literals;

namespace {

constexpr std::uint16_t kComment = 1;

std::vector<test::PcapngBlock> read(const lab::PcapngBuffer& buffer) {
  auto blocks = test::read_pcapng(buffer);
  REQUIRE(blocks.has_value());
  return std::move(*blocks);
}

}  // namespace

TEST_CASE("a section says which byte order, which version, who wrote it and what about") {
  lab::PcapngBuffer buffer;
  lab::append_section(buffer, "lab x, seed 42", "warren");
  const auto blocks = read(buffer);
  REQUIRE(blocks.size() == 1);
  CHECK(blocks[0].field<std::uint16_t>(4) == 1);
  CHECK(blocks[0].field<std::uint16_t>(6) == 0);
  CHECK(blocks[0].field<std::int64_t>(8) == -1);
  CHECK(blocks[0].text(kComment) == "lab x, seed 42");
  CHECK(blocks[0].text(4) == "warren");
}

TEST_CASE("an interface is Ethernet, with its name, its speed and stamps in nanoseconds") {
  lab::PcapngBuffer buffer;
  lab::append_section(buffer, "", "");
  lab::append_interface(buffer, {.name = "wan (a:eth0 - b:eth0)",
                                 .description = "wired",
                                 .snap_bytes = 256,
                                 .speed_bps = 20'000'000});
  const auto blocks = read(buffer);
  REQUIRE(blocks.size() == 2);
  CHECK(blocks[0].options.empty());
  CHECK(blocks[1].field<std::uint16_t>(0) == 1);
  CHECK(blocks[1].field<std::uint32_t>(4) == 256);
  CHECK(blocks[1].text(2) == "wan (a:eth0 - b:eth0)");
  CHECK(blocks[1].text(3) == "wired");
  CHECK(blocks[1].option<std::uint64_t>(8) == 20'000'000);
  CHECK(blocks[1].option<std::uint8_t>(9) == 9);
}

TEST_CASE("a packet keeps its bytes, stamp, direction and comment") {
  lab::PcapngBuffer buffer;
  lab::append_section(buffer, "", "");
  lab::append_interface(buffer, {.name = "wan"});
  const std::array bytes{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}, std::byte{5}};
  lab::append_packet(buffer, {.interface = 0,
                              .when = base::WallTime(1'763'803'200'123'456'789ns),
                              .direction = lab::PcapngPacket::Direction::outbound,
                              .frame_bytes = 60,
                              .bytes = bytes,
                              .comment = "lost, flow 3f2a packet 17"});
  const auto blocks = read(buffer);
  REQUIRE(blocks.size() == 3);
  const auto& packet = blocks[2];
  CHECK(packet.type == test::kPcapngPacket);
  CHECK(packet.stamp() == 1'763'803'200'123'456'789U);
  CHECK(packet.field<std::uint32_t>(12) == 5);
  CHECK(packet.field<std::uint32_t>(16) == 60);
  CHECK(std::ranges::equal(packet.packet(), bytes));
  CHECK(packet.option<std::uint32_t>(2) == 2U);  // epb_flags: outbound
  CHECK(packet.text(kComment) == "lost, flow 3f2a packet 17");
}

TEST_CASE("a packet with neither direction nor comment has no options") {
  lab::PcapngBuffer buffer;
  lab::append_section(buffer, "", "");
  lab::append_interface(buffer, {.name = "wan"});
  lab::append_packet(buffer,
                     {.interface = 0, .when = {}, .frame_bytes = 0, .bytes = {}, .comment = {}});
  CHECK(read(buffer)[2].options.empty());
}

TEST_CASE("statistics say what was received and what was missed") {
  lab::PcapngBuffer buffer;
  lab::append_section(buffer, "", "");
  lab::append_interface(buffer, {.name = "wan"});
  lab::append_statistics(
      buffer,
      {.interface = 0, .when = {}, .received = 70'000'000'000, .missed = 12, .comment = {}});
  const auto blocks = read(buffer);
  CHECK(blocks[2].option<std::uint64_t>(4) == 70'000'000'000);
  CHECK(blocks[2].option<std::uint64_t>(5) == 12);
}

TEST_CASE("a comment that is too long for an option is cut between two characters") {
  lab::PcapngBuffer buffer;
  std::string comment(65534, 'x');
  comment += "é";  // two bytes, of which one would fit
  lab::append_section(buffer, comment, "");
  CHECK(read(buffer)[0].text(kComment) == std::string(65534, 'x'));
}
