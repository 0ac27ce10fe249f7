// What a packet socket for a whole namespace shows (packet(7)):
//
//   namespace left                      namespace right
//     eth0 ----------- veth ----------- eth0
//     eth1 ----------- veth ----------- eth1
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include <warren/system/clock.hpp>
#include <warren/system/netlink_batch.hpp>
#include <warren/system/packet_tap.hpp>

#include "support/netns.hpp"
#include "support/traffic.hpp"

using namespace warren;
using namespace std::chrono_literals;

namespace {

constexpr auto kLatency = 5ms;

struct Seen {
  base::WallTime when;
  std::size_t interface = 0;
  bool outgoing = false;
  std::uint32_t frame_bytes = 0;
  std::string bytes;
};

base::MacAddress mac(std::uint32_t number) {
  return {{std::byte{2}, {}, {}, {}, {}, static_cast<std::byte>(number)}};
}

struct Fixture {
  test::TestNetns left, right;

  Fixture() {
    left.run([&] {
      system::NetlinkBatch batch;
      for (std::uint32_t i = 0; i < 2; ++i) {
        const std::string name = "eth" + std::to_string(i);
        batch.create_veth({.netns = left.fd(), .name = name, .mac = mac(10 + i), .index = 10 + i},
                          {.netns = right.fd(), .name = name, .mac = mac(20 + i), .index = 20 + i});
      }
      batch.flush();
    });
    for (const test::TestNetns* netns : {&left, &right}) {
      system::Netlink netlink(netns->fd());
      for (const char* name : {"eth0", "eth1"}) netlink.set_link_up(netlink.link_index(name), true);
    }
  }

  system::PacketTap tap(const std::vector<std::string>& interfaces,
                        std::uint32_t snap_bytes = 256) {
    return left.run([&] {
      return system::PacketTap(interfaces, {.snap_bytes = snap_bytes, .latency = kLatency});
    });
  }
};

// An Ethernet frame of an experimental type (IEEE 802, local experimental 1) with `text` in it.
std::string frame_with(const std::string& text, const std::string& tag = "") {
  return std::string("\x02\0\0\0\0\x01\x02\0\0\0\0\x02", 12) + tag + "\x88\xb5" + text;
}

void send(const test::TestNetns& netns, const char* interface, const std::string& frame) {
  netns.run([&] {
    const base::Fd fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
    sockaddr_ll to{};
    to.sll_family = AF_PACKET;
    to.sll_ifindex = static_cast<int>(::if_nametoindex(interface));
    base::check_system_call(
        static_cast<int>(::sendto(fd.get(), frame.data(), frame.size(), 0,
                                  reinterpret_cast<const sockaddr*>(&to), sizeof to)),
        "sending", interface);
  });
}

// What came with `marker` in it; others are the kernel's own (neighbour discovery). Waits until as many
// as are due have come, and a little longer: for what must not come.
std::vector<Seen> drain(system::PacketTap& tap, const std::string& marker, std::size_t due) {
  std::vector<Seen> frames;
  const auto drain_now = [&] {
    tap.drain([&](const system::TappedFrame& frame) {
      std::string bytes(reinterpret_cast<const char*>(frame.bytes.data()), frame.bytes.size());
      if (bytes.find(marker) == std::string::npos) return;
      frames.push_back(
          {frame.when, frame.interface, frame.outgoing, frame.frame_bytes, std::move(bytes)});
    });
  };
  test::eventually([&] {
    drain_now();
    return frames.size() >= due;
  });
  std::this_thread::sleep_for(4 * kLatency);
  drain_now();
  return frames;
}

}  // namespace

TEST_CASE("frames of several interfaces come through one socket, with interface and direction") {
  test::requires_root();
  Fixture fixture;
  auto tap = fixture.tap({"eth0", "eth1"});
  const auto before = system::wall_now();
  send(fixture.left, "eth0", frame_with("marker one"));
  send(fixture.right, "eth1", frame_with("marker two"));
  const auto frames = drain(tap, "marker", 2);
  REQUIRE(frames.size() == 2);
  CHECK(frames[0].interface == 0);
  CHECK(frames[0].outgoing);
  CHECK(frames[0].bytes == frame_with("marker one"));
  CHECK(frames[0].frame_bytes == frames[0].bytes.size());
  CHECK(frames[1].interface == 1);
  CHECK_FALSE(frames[1].outgoing);
  CHECK(frames[0].when >= before);
  CHECK(frames[1].when > frames[0].when);
  CHECK(frames[1].when <= system::wall_now());
}

TEST_CASE("interfaces that were not asked for are not seen") {
  test::requires_root();
  Fixture fixture;
  auto tap = fixture.tap({"eth1"});
  send(fixture.left, "eth0", frame_with("marker"));
  send(fixture.left, "lo", frame_with("marker"));
  send(fixture.left, "eth1", frame_with("marker"));
  const auto frames = drain(tap, "marker", 1);
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].interface == 0);  // of the list
}

TEST_CASE("of a long frame the first bytes come, and how long it was") {
  test::requires_root();
  Fixture fixture;
  auto tap = fixture.tap({"eth0"}, 64);
  send(fixture.left, "eth0", frame_with("marker" + std::string(1000, 'x')));
  const auto frames = drain(tap, "marker", 1);
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].bytes.size() == 64);
  CHECK(frames[0].frame_bytes == 14 + 6 + 1000);
}

TEST_CASE("a tag that the kernel takes out of a received frame is put back") {
  test::requires_root();
  Fixture fixture;
  auto tap = fixture.tap({"eth0"});
  const std::string tagged = frame_with("marker", std::string("\x81\x00\x20\x07", 4));
  send(fixture.right, "eth0", tagged);
  const auto frames = drain(tap, "marker", 1);
  REQUIRE(frames.size() == 1);
  CHECK_FALSE(frames[0].outgoing);
  CHECK(frames[0].bytes == tagged);
  CHECK(frames[0].frame_bytes == tagged.size());
}

TEST_CASE("frames that pass while the ring is full are counted") {
  test::requires_root();
  Fixture fixture;
  auto tap = fixture.left.run([] {
    return system::PacketTap({"eth0"}, {.snap_bytes = 2000, .ring_bytes = 1, .latency = kLatency});
  });
  const std::string frame = frame_with("marker" + std::string(1400, 'x'));
  fixture.left.run([&] {
    const base::Fd fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
    sockaddr_ll to{};
    to.sll_family = AF_PACKET;
    to.sll_ifindex = static_cast<int>(::if_nametoindex("eth0"));
    for (int i = 0; i < 400; ++i) {
      ::sendto(fd.get(), frame.data(), frame.size(), 0, reinterpret_cast<const sockaddr*>(&to),
               sizeof to);
    }
  });
  const auto frames = drain(tap, "marker", 1);
  CHECK(tap.missed() > 0);
  CHECK(frames.size() + tap.missed() >= 400);
  CHECK(frames.size() < 400);
}

TEST_CASE("an interface that is not there is named") {
  test::requires_root();
  Fixture fixture;
  CHECK_THROWS_WITH(fixture.tap({"eth7"}), "finding the interface eth7: No such device");
}
