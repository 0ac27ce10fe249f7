// Frames with VLAN tags on a wire.
#include <fmt/core.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include <warren/base/bytes.hpp>
#include <warren/lab/capture.hpp>
#include <warren/system/link_statistics.hpp>

#include "support/vlan_device.hpp"
#include "support/wire_pair.hpp"
#include "unit/packet/packets.hpp"

using namespace warren;
using namespace warren::test;
using lab::CaptureRing;

namespace {

struct Case {
  std::string name;
  std::vector<VlanTag> tags;
  std::uint32_t mtu;  // inside: a second tag takes from eth0's
};

std::vector<Case> cases() {
  // The first has a priority of 5, which is not a part of the VLAN's number.
  return {{"802.1Q", {{0x8100, 0xa00a}}, 1500}, {"QinQ", {{0x88a8, 20}, {0x8100, 30}}, 1492}};
}

/// A device in the VLAN at one end of a pair.
struct End {
  Party party;
  VlanDevice device;
  End(const WirePair& pair, int end, const Case& one)
      : party{&pair.netns(end), fmt::format("10.9.0.{}", end + 1),
              fmt::format("fd09::{}", end + 1)},
        device(pair.netns(end), {.tags = one.tags,
                                 .address = party.address,
                                 .address6 = party.address6,
                                 .mtu = one.mtu}) {}
};

/// Packets that the namespace sent by eth0: a super-packet is one.
std::uint64_t packets_sent(const WirePair& pair, int end) {
  return pair.netns(end).run([] { return system::link_statistics("eth0").at("tx_packets"); });
}

std::vector<VlanTag> tags_of(base::ConstBytes frame, std::size_t count) {
  std::vector<VlanTag> tags;
  for (std::size_t at = 12; tags.size() < count && at + 4 <= frame.size(); at += 4) {
    tags.push_back({base::load_be<std::uint16_t>(frame.data() + at),
                    base::load_be<std::uint16_t>(frame.data() + at + 2)});
  }
  return tags;
}

/// What a capture has of a VLAN.
struct Captured {
  std::size_t frames = 0, packets = 0, largest = 0;
  std::string problem;
};

Captured read_capture(CaptureRing& ring, const Case& one) {
  Captured found;
  const std::size_t header = 14 + 4 * one.tags.size();
  while (const auto record = ring.pop()) {
    ++found.frames;
    found.largest = std::max<std::size_t>(found.largest, record->frame_bytes);
    if (tags_of(record->bytes, one.tags.size()) != one.tags) {
      found.problem = "a frame without its tags";
      continue;
    }
    const auto frame = to_bytes(record->bytes);
    const auto type = get16(frame, header - 2);
    const bool tcp =
        (type == 0x0800 && frame[header + 9] == 6) || (type == 0x86dd && frame[header + 6] == 6);
    if (!tcp) continue;
    ++found.packets;
    if (const auto wrong = problem_of(frame, header); !wrong.empty()) found.problem = wrong;
  }
  return found;
}

}  // namespace

TEST_CASE("frames keep their VLAN tags, and a capture shows them") {
  requires_root();
  for (const Case& one : cases()) {
    CAPTURE(one.name);
    CaptureRing ring(1 << 20, 2000);
    WirePair pair({.wire = {.capture = &ring}, .ipv6 = false});
    const End left(pair, 0, one);
    const End right(pair, 1, one);
    pair.wire().capture(true);
    for (const std::size_t bytes : {std::size_t{1}, std::size_t{1000}, one.mtu - std::size_t{28}}) {
      CHECK(datagram_passes(left.party, right.party, bytes));
      CHECK(datagram_passes(right.party, left.party, bytes));
    }
    pair.wire().capture(false);
    const auto captured = read_capture(ring, one);
    CHECK(captured.problem.empty());
    CHECK(captured.frames >= 12);  // each when it enters and when it leaves
    CHECK(captured.largest == 14 + 4 * one.tags.size() + one.mtu);
  }
}

TEST_CASE("frames of another VLAN do not get into this one") {
  requires_root();
  WirePair pair({.ipv6 = false});
  const End left(pair, 0, {"one", {{0x8100, 10}}, 1500});
  const End right(pair, 1, {"other", {{0x8100, 11}}, 1500});
  const auto sender = bound_socket(left.party, SOCK_DGRAM, left.party.address + ":0");
  const auto receiver = bound_socket(right.party, SOCK_DGRAM, right.party.address + ":7000");
  send_to(sender, right.party.address + ":7000", pattern(10, 1));
  CHECK(eventually([&] { return pair.counters(0).frames > 0; }));
  CHECK_FALSE(receive(receiver, 300ms));
  CHECK(datagram_passes(pair.left(), pair.right()));  // without a tag, beside them
}

TEST_CASE("a stream in a VLAN is cut into whole frames with tags and right checksums") {
  requires_root();
  for (const Case& one : cases()) {
    for (const bool v6 : {false, true}) {
      CAPTURE(one.name, v6);
      CaptureRing ring(64 << 20, 2000);
      WirePair pair({.wire = {.capture = &ring}, .ipv6 = false});
      const End left(pair, 0, one);
      const End right(pair, 1, one);
      pair.wire().capture(true);
      CHECK(stream_passes(left.party, right.party, 8 << 20, v6));
      pair.wire().capture(false);
      const auto captured = read_capture(ring, one);
      CHECK(ring.missed() == 0);
      CHECK(captured.problem.empty());
      CHECK(captured.packets > 2 * (8U << 20) / one.mtu);
      CHECK(captured.largest == 14 + 4 * one.tags.size() + one.mtu);
      // Two tags are more than a device of the kernel's segments itself.
      if (one.tags.size() == 1) CHECK(pair.counters(0).frames > 4 * packets_sent(pair, 0));
      CHECK(pair.counters(0).malformed == 0);
    }
  }
}
