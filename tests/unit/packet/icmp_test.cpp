// The errors about packets that are too big, and the packets that no error may answer.
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <string>

#include <warren/packet/icmp.hpp>

#include "unit/packet/packets.hpp"

using namespace warren;
using namespace warren::packet;
using namespace warren::test;

namespace {

constexpr std::uint16_t kMtu = 1400;

PacketBytes error_about(const PacketBytes& packet) {
  std::array<std::byte, kMaxTooBigBytes> out;
  const auto bytes = write_too_big(view(packet), kMtu, out);
  REQUIRE(bytes <= out.size());
  return to_bytes(std::span(out).first(bytes));
}

PacketBytes slice(const PacketBytes& from, std::size_t at, std::size_t bytes) {
  const auto first = from.begin() + static_cast<std::ptrdiff_t>(at);
  return {first, first + static_cast<std::ptrdiff_t>(bytes)};
}

PacketBytes tcp_packet(bool v6, std::size_t payload) {
  PacketSpec spec;
  spec.v6 = v6;
  return make_packet(spec, PacketBytes(payload, 0xa5));
}

/// An IPv6 packet whose payload is `payload`, which starts with a header of type `next_header`.
PacketBytes ipv6_packet(std::uint8_t next_header, const PacketBytes& payload) {
  auto packet = tcp_packet(true, 0);
  packet.resize(40);
  packet[6] = next_header;
  packet.insert(packet.end(), payload.begin(), payload.end());
  packet.resize(1500);
  put16(packet, 4, packet.size() - 40);
  return packet;
}

}  // namespace

TEST_CASE("an IPv4 packet is answered with fragmentation needed, in at most 576 bytes") {
  struct Case {
    std::size_t payload;
    std::size_t error_bytes;
  };
  // 40 bytes of headers in the packet, 28 in the error.
  for (const auto& [payload, error_bytes] :
       {Case{0, 68}, {1, 69}, {507, 575}, {508, 576}, {509, 576}, {1460, 576}, {65'495, 576}}) {
    CAPTURE(payload);
    const auto packet = tcp_packet(false, payload);
    const auto error = error_about(packet);
    REQUIRE(error.size() == error_bytes);
    CHECK(error[0] == 0x45);
    CHECK(get16(error, 2) == error_bytes);
    CHECK(get16(error, 6) == 0x4000);
    CHECK(error[8] > 0);
    CHECK(error[9] == 1);
    CHECK(slice(error, 12, 4) == slice(packet, 16, 4));
    CHECK(slice(error, 16, 4) == slice(packet, 12, 4));
    CHECK(naive_sum(std::span(error).first(20)) == 0xffff);
    CHECK(error[20] == 3);
    CHECK(error[21] == 4);
    CHECK(get16(error, 24) == 0);
    CHECK(get16(error, 26) == kMtu);
    CHECK(naive_sum(std::span(error).subspan(20)) == 0xffff);
    CHECK(slice(error, 28, error_bytes - 28) == slice(packet, 0, error_bytes - 28));
  }
}

TEST_CASE("an IPv6 packet is answered with packet too big, in at most 1280 bytes") {
  struct Case {
    std::size_t payload;
    std::size_t error_bytes;
  };
  // 60 bytes of headers in the packet, 48 in the error.
  for (const auto& [payload, error_bytes] : {Case{0, 108},
                                             {1, 109},
                                             {1171, 1279},
                                             {1172, 1280},
                                             {1173, 1280},
                                             {1440, 1280},
                                             {65'475, 1280}}) {
    CAPTURE(payload);
    const auto packet = tcp_packet(true, payload);
    const auto error = error_about(packet);
    REQUIRE(error.size() == error_bytes);
    CHECK(get32(error, 0) == 0x60000000);
    CHECK(get16(error, 4) == error_bytes - 40);
    CHECK(error[6] == 58);
    CHECK(error[7] > 0);
    CHECK(slice(error, 8, 16) == slice(packet, 24, 16));
    CHECK(slice(error, 24, 16) == slice(packet, 8, 16));
    CHECK(error[40] == 2);
    CHECK(error[41] == 0);
    CHECK(get32(error, 44) == kMtu);
    const PacketBytes tail = {0,
                              0,
                              static_cast<std::uint8_t>((error_bytes - 40) >> 8U),
                              static_cast<std::uint8_t>(error_bytes - 40),
                              0,
                              0,
                              0,
                              58};
    const auto pseudo = naive_sum(tail, naive_sum(std::span(error).subspan(8, 32)));
    CHECK(naive_sum(std::span(error).subspan(40), pseudo) == 0xffff);
    CHECK(slice(error, 48, error_bytes - 48) == slice(packet, 0, error_bytes - 48));
  }
}

TEST_CASE("IPv4 packets that no error may answer") {
  struct Case {
    const char* what;
    bool answered;
    std::function<void(PacketBytes&)> change;
  };
  const auto byte = [](std::size_t at, std::uint8_t value) {
    return [=](PacketBytes& packet) { packet[at] = value; };
  };
  const auto icmp = [](std::uint8_t type) {
    return [=](PacketBytes& packet) { packet[9] = 1, packet[20] = type; };
  };
  const std::array cases{
      Case{"unchanged", true, [](PacketBytes&) {}},
      Case{"it may be fragmented", false, byte(6, 0x00)},
      Case{"the first fragment", true, byte(6, 0x60)},
      Case{"a later fragment, low bits", false, byte(7, 0x01)},
      Case{"a later fragment, high bits", false, byte(6, 0x50)},
      Case{"source 0.0.0.0", false, [](PacketBytes& packet) { put32(packet, 12, 0); }},
      Case{"source on the loopback", false, byte(12, 127)},
      Case{"source 223.0.0.1", true, byte(12, 223)},
      Case{"source multicast", false, byte(12, 224)},
      Case{"source broadcast", false, [](PacketBytes& packet) { put32(packet, 12, ~0U); }},
      Case{"destination multicast", false, byte(16, 239)},
      Case{"destination broadcast", false, [](PacketBytes& packet) { put32(packet, 16, ~0U); }},
      Case{"ICMP echo reply", true, icmp(0)},
      Case{"ICMP destination unreachable", false, icmp(3)},
      Case{"ICMP source quench", false, icmp(4)},
      Case{"ICMP redirect", false, icmp(5)},
      Case{"ICMP echo request", true, icmp(8)},
      Case{"ICMP time exceeded", false, icmp(11)},
      Case{"ICMP parameter problem", false, icmp(12)},
      Case{"longer than it says", false, [](PacketBytes& packet) { packet.push_back(0); }},
      Case{"shorter than it says", false, [](PacketBytes& packet) { packet.pop_back(); }},
      Case{"ICMP without a byte", false,
           [](PacketBytes& packet) {
             packet.resize(20);
             packet[9] = 1;
             put16(packet, 2, 20);
           }},
      Case{"empty", false, [](PacketBytes& packet) { packet.clear(); }},
  };
  for (const auto& [what, answered, change] : cases) {
    CAPTURE(what);
    auto packet = tcp_packet(false, 1460);
    change(packet);
    CHECK(!error_about(packet).empty() == answered);
  }
}

TEST_CASE("IPv6 packets that no error may answer") {
  struct Case {
    const char* what;
    bool answered;
    PacketBytes packet;
  };
  const auto changed = [](std::size_t at, std::uint8_t value) {
    auto packet = tcp_packet(true, 1440);
    packet[at] = value;
    return packet;
  };
  const auto from = [](std::uint8_t last_byte) {
    auto packet = tcp_packet(true, 1440);
    std::fill_n(packet.begin() + 8, 15, std::uint8_t{0});
    packet[23] = last_byte;
    return packet;
  };
  auto cut = tcp_packet(true, 1440);
  cut.pop_back();
  auto without_type = ipv6_packet(58, {});
  without_type.resize(40);
  put16(without_type, 4, 0);
  const std::array cases{
      Case{"unchanged", true, tcp_packet(true, 1440)},
      Case{"source ::", false, from(0)},
      Case{"source ::1", false, from(1)},
      Case{"source ::2", true, from(2)},
      Case{"source multicast", false, changed(8, 0xff)},
      Case{"destination multicast", false, changed(24, 0xff)},
      Case{"ICMPv6 echo request", true, ipv6_packet(58, {128})},
      Case{"ICMPv6 destination unreachable", false, ipv6_packet(58, {1})},
      Case{"ICMPv6 packet too big", false, ipv6_packet(58, {2})},
      Case{"ICMPv6 error of the last type", false, ipv6_packet(58, {127})},
      Case{"ICMPv6 redirect", false, ipv6_packet(58, {137})},
      Case{"ICMPv6 error behind destination options", false,
           ipv6_packet(60, {58, 0, 1, 4, 0, 0, 0, 0, 1})},
      Case{"ICMPv6 echo request behind destination options", true,
           ipv6_packet(60, {58, 0, 1, 4, 0, 0, 0, 0, 128})},
      Case{"ICMPv6 error behind an authentication header of 16 bytes", false,
           ipv6_packet(51, {58, 2, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1})},
      Case{"the first fragment", true, ipv6_packet(44, {17, 0, 0, 1, 0, 0, 0, 9})},
      Case{"the first fragment of an ICMPv6 error", false,
           ipv6_packet(44, {58, 0, 0, 1, 0, 0, 0, 9, 1})},
      Case{"a later fragment", false, ipv6_packet(44, {17, 0, 0, 9, 0, 0, 0, 9})},
      Case{"headers beyond the end", false, ipv6_packet(60, {60, 255})},
      Case{"shorter than it says", false, cut},
      Case{"ICMPv6 without a byte", false, without_type},
  };
  for (const auto& [what, answered, packet] : cases) {
    CAPTURE(what);
    CHECK(!error_about(packet).empty() == answered);
  }
}

TEST_CASE("no error is written into less room than the longest needs") {
  std::array<std::byte, kMaxTooBigBytes - 1> out;
  CHECK(write_too_big(view(tcp_packet(false, 1460)), kMtu, out) == 0);
}

TEST_CASE("no error answers an error of our own") {
  for (const bool v6 : {false, true}) {
    const auto error = error_about(tcp_packet(v6, 1440));
    REQUIRE(!error.empty());
    CHECK(error_about(error).empty());
  }
}
