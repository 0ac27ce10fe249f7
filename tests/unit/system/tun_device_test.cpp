#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cerrno>
#include <chrono>
#include <string>
#include <thread>

#include <warren/base/error.hpp>
#include <warren/base/ip.hpp>
#include <warren/system/netlink.hpp>
#include <warren/system/tun_device.hpp>

#include "support/netns.hpp"
#include "support/poll.hpp"

using namespace warren;
using system::TunDevice;
using system::TunKind;
using system::TunOffload;

namespace {

/// The error of trying to create `options` in `netns`.
base::SystemError refusal(const test::TestNetns& netns, const system::TunOptions& options) {
  try {
    netns.run([&] { return TunDevice(options); });
  } catch (const base::SystemError& error) {
    return error;
  }
  throw std::logic_error("the device was created");
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a device is created with the name and kind that were asked for") {
  test::requires_root();
  const test::TestNetns netns;
  const auto kind = GENERATE(TunKind::tun, TunKind::tap);
  const auto tun = netns.run([&] { return TunDevice({.name = "wr0", .kind = kind}); });
  CHECK(tun.name() == "wr0");
  CHECK(tun.kind() == kind);
  CHECK(tun.exists());
  const auto link = system::Netlink(netns.fd()).find_link("wr0");
  REQUIRE(link);
  CHECK(link->mac.has_value() == (kind == TunKind::tap));
}

TEST_CASE("a device's queue holds 1000 packets") {
  test::requires_root();
  const test::TestNetns netns;
  const auto packets = netns.run([] {
    const TunDevice tun({.name = "wr0"});
    const base::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    tun.name().copy(request.ifr_name, IFNAMSIZ - 1);
    return ::ioctl(socket.get(), SIOCGIFTXQLEN, &request) == 0 ? request.ifr_qlen : -1;
  });
  CHECK(packets == 1000);
}

TEST_CASE("a device's queue has the length asked for, and what it has no room for is told") {
  test::requires_root();
  const test::TestNetns netns;
  const auto tap = netns.run(
      [] { return TunDevice({.name = "tap0", .kind = TunKind::tap, .queue_packets = 3}); });
  system::Netlink netlink(netns.fd());
  const auto index = netlink.link_index("tap0");
  CHECK(netlink.link(index).transmit_queue_length == 3);
  CHECK(netlink.link(index).transmit_dropped == 0);
  netlink.add_address(index, *base::InterfaceAddress::parse("10.9.0.1/24"));
  netlink.set_link_up(index, true);
  netns.run([&] {
    // Nobody reads: whatever is sent, only three packets wait.
    const base::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
    sockaddr_in6 to{};
    const auto length =
        static_cast<socklen_t>(base::Endpoint::parse("10.9.0.255:9").value().to_sockaddr(&to));
    for (int packet = 0; packet < 20; ++packet) {
      ::sendto(socket.get(), "x", 1, 0, reinterpret_cast<const sockaddr*>(&to), length);
    }
  });
  CHECK(netlink.link(index).transmit_dropped >= 17);
}

TEST_CASE("a device is given its carrier and loses it") {
  test::requires_root();
  const test::TestNetns netns;
  auto tap = netns.run([] { return TunDevice({.name = "tap0", .kind = TunKind::tap}); });
  system::Netlink netlink(netns.fd());
  const auto index = netlink.link_index("tap0");
  netlink.set_link_up(index, true);
  const auto becomes_running = [&](bool wanted) {
    for (int round = 0; round < 200; ++round) {
      if (netlink.link(index).running == wanted) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
  };
  CHECK(becomes_running(true));
  tap.set_carrier(false);
  CHECK(becomes_running(false));
  tap.set_carrier(true);
  CHECK(becomes_running(true));
  netlink.delete_link(index);
  CHECK_THROWS_AS(tap.set_carrier(false), base::SystemError);
}

TEST_CASE("the kernel completes a name with %d") {
  test::requires_root();
  const test::TestNetns netns;
  const auto first = netns.run([] { return TunDevice({.name = "wr%d"}); });
  const auto second = netns.run([] { return TunDevice({.name = "wr%d"}); });
  CHECK(first.name() == "wr0");
  CHECK(second.name() == "wr1");
}

TEST_CASE("a device goes with its descriptor") {
  test::requires_root();
  const test::TestNetns netns;
  netns.run([] { return TunDevice({.name = "wr0"}); });
  CHECK_FALSE(system::Netlink(netns.fd()).find_link("wr0"));
}

TEST_CASE("the same name can be created again as soon as the device is closed") {
  test::requires_root();
  const test::TestNetns netns;
  for (int i = 0; i < 20; ++i) netns.run([] { return TunDevice({.name = "wr0"}); });
  SUCCEED();
}

TEST_CASE("a persistent device of somebody else is not taken over") {
  test::requires_root();
  const test::TestNetns netns;
  netns.run([] {
    const base::Fd fd(::open("/dev/net/tun", O_RDWR | O_CLOEXEC));
    ifreq request{};
    std::string("wr0").copy(request.ifr_name, IFNAMSIZ - 1);
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    base::check_system_call(::ioctl(fd.get(), TUNSETIFF, &request), "TUNSETIFF", "wr0");
    base::check_system_call(::ioctl(fd.get(), TUNSETPERSIST, 1), "TUNSETPERSIST", "wr0");
  });
  const auto error = refusal(netns, {.name = "wr0"});
  CHECK(error.error_number() == EBUSY);
  CHECK(contains(error.what(), "wr0"));
  CHECK(contains(error.hint(), "a TUN or TAP device of this name exists"));
  CHECK(contains(error.hint(), "ip link delete wr0"));
}

TEST_CASE("a name in use by a running device is refused") {
  test::requires_root();
  const test::TestNetns netns;
  const auto first = netns.run([] { return TunDevice({.name = "wr0"}); });
  CHECK(contains(refusal(netns, {.name = "wr0", .kind = TunKind::tap}).hint(), "end that process"));
}

TEST_CASE("a name in use by another kind of interface is refused") {
  test::requires_root();
  const test::TestNetns netns;
  const auto error = refusal(netns, {.name = "lo"});
  CHECK(contains(error.hint(), "an interface of this name exists already"));
}

TEST_CASE("what is no interface name is refused before the kernel is asked") {
  const auto* name = GENERATE("", ".", "..", "a/b", "a b", "a:b", "sixteen-letters-");
  CAPTURE(name);
  CHECK_THROWS_AS(TunDevice({.name = name}), base::Error);
}

TEST_CASE("offloads are negotiated up to what was asked for") {
  test::requires_root();
  const test::TestNetns netns;
  const auto asked = GENERATE(TunOffload::checksum, TunOffload::tso, TunOffload::uso);
  const auto tun = netns.run([&] { return TunDevice({.name = "wr0", .offload = asked}); });
  CHECK(tun.offload() >= TunOffload::checksum);
  CHECK(tun.offload() <= asked);
  CHECK(tun.header_bytes() == 10);
}

TEST_CASE("without offloads there is no virtio header") {
  test::requires_root();
  const test::TestNetns netns;
  auto tun = netns.run([] { return TunDevice({.name = "wr0", .offload = TunOffload::none}); });
  CHECK(tun.header_bytes() == 0);
  tun.set_offload(TunOffload::uso);
  CHECK(tun.offload() == TunOffload::none);
}

TEST_CASE("offloads are turned down and back, the header stays") {
  test::requires_root();
  const test::TestNetns netns;
  auto tun = netns.run([] { return TunDevice({.name = "wr0", .offload = TunOffload::tso}); });
  const auto accepted = tun.offload();
  tun.set_offload(TunOffload::none);
  CHECK(tun.offload() == TunOffload::checksum);
  CHECK(tun.header_bytes() == 10);
  tun.set_offload(TunOffload::uso);
  CHECK(tun.offload() == accepted);
}

TEST_CASE("the device's name follows a rename") {
  test::requires_root();
  const test::TestNetns netns;
  const auto tun = netns.run([] { return TunDevice({.name = "wr0"}); });
  system::Netlink netlink(netns.fd());
  netlink.set_link_name(netlink.link_index("wr0"), "other0");
  CHECK(tun.name() == "other0");
}

TEST_CASE("a device that was deleted under its descriptor no longer exists") {
  test::requires_root();
  const test::TestNetns netns;
  auto tun = netns.run([] { return TunDevice({.name = "wr0"}); });
  CHECK(system::same_netns(tun.netns().get(), netns.fd()));
  system::Netlink netlink(netns.fd());
  netlink.delete_link(netlink.link_index("wr0"));
  CHECK_FALSE(tun.exists());
  CHECK_FALSE(tun.netns());
  CHECK(test::wait_ready(tun.fd()));
  CHECK_THROWS_AS(tun.name(), base::SystemError);
  CHECK_THROWS_AS(tun.set_offload(TunOffload::checksum), base::SystemError);
}

TEST_CASE("a device tells the namespace it was moved to") {
  test::requires_root();
  const test::TestNetns home;
  const test::TestNetns away;
  const auto tun = home.run([] { return TunDevice({.name = "wr0"}); });
  system::Netlink netlink(home.fd());
  netlink.move_link(netlink.link_index("wr0"), away.fd());
  CHECK(system::same_netns(tun.netns().get(), away.fd()));
  CHECK(tun.name() == "wr0");
}
