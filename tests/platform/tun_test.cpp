// What a TUN device does when it is deleted or moved under its descriptor
// (Documentation/networking/tuntap.rst does not say).
#include <linux/if_tun.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cerrno>

#include <warren/system/tun_device.hpp>

#include "support/netns.hpp"

using namespace warren;
using system::TunDevice;

namespace {

/// A device without virtio header in a namespace of its own, up, with 10.8.0.1/24.
struct Fixture {
  test::TestNetns netns;
  TunDevice tun =
      netns.run([] { return TunDevice({.name = "wr0", .offload = system::TunOffload::none}); });
  system::Netlink netlink{netns.fd()};

  Fixture() {
    const auto index = netlink.link_index("wr0");
    netlink.set_link_up(index, true);
    netlink.add_address(index, *base::InterfaceAddress::parse("10.8.0.1/24"));
  }
};

// An IPv4 header alone: TUNs take it for a packet.
constexpr std::array<unsigned char, 20> kPacket = {0x45, 0, 0,  20, 0, 0, 0,  0, 64, 59,
                                                   0,    0, 10, 8,  0, 2, 10, 8, 0,  1};

int write_error(const TunDevice& tun) {
  return ::write(tun.fd(), kPacket.data(), kPacket.size()) < 0 ? errno : 0;
}

int read_error(const TunDevice& tun) {
  std::array<char, 2048> packet{};
  return ::read(tun.fd(), packet.data(), packet.size()) < 0 ? errno : 0;
}

short events_of(const TunDevice& tun) {
  pollfd entry{tun.fd(), POLLIN, 0};
  return ::poll(&entry, 1, 0) < 0 ? POLLNVAL : entry.revents;
}

void drain(const TunDevice& tun) {
  while (read_error(tun) == 0) {
  }
}

}  // namespace

TEST_CASE("reading and writing a deleted device give EBADFD, and poll gives POLLERR") {
  test::requires_root();
  Fixture fixture;
  fixture.netlink.delete_link(fixture.netlink.link_index("wr0"));
  CHECK(read_error(fixture.tun) == EBADFD);
  CHECK(write_error(fixture.tun) == EBADFD);
  CHECK((events_of(fixture.tun) & POLLERR) != 0);
}

TEST_CASE("writing to a device that is down gives EIO, reading waits, and both come back") {
  test::requires_root();
  Fixture fixture;
  const auto index = fixture.netlink.link_index("wr0");
  fixture.netlink.set_link_up(index, false);
  drain(fixture.tun);
  CHECK(write_error(fixture.tun) == EIO);
  CHECK(read_error(fixture.tun) == EAGAIN);
  fixture.netlink.set_link_up(index, true);
  CHECK(write_error(fixture.tun) == 0);
}

TEST_CASE("a moved device keeps working through its descriptor") {
  test::requires_root();
  Fixture fixture;
  const test::TestNetns away;
  fixture.netlink.move_link(fixture.netlink.link_index("wr0"), away.fd());
  const base::Fd now(::ioctl(fixture.tun.fd(), TUNGETDEVNETNS));
  CHECK(system::same_netns(now.get(), away.fd()));
  system::Netlink netlink(away.fd());
  CHECK_FALSE(netlink.link(netlink.link_index("wr0")).up);  // a move switches it off
  netlink.set_link_up(netlink.link_index("wr0"), true);
  CHECK(write_error(fixture.tun) == 0);
}

TEST_CASE("a device's deletion in another namespace reaches its descriptor") {
  test::requires_root();
  Fixture fixture;
  const test::TestNetns away;
  fixture.netlink.move_link(fixture.netlink.link_index("wr0"), away.fd());
  system::Netlink netlink(away.fd());
  netlink.delete_link(netlink.link_index("wr0"));
  CHECK(write_error(fixture.tun) == EBADFD);
  CHECK(::ioctl(fixture.tun.fd(), TUNGETDEVNETNS) == -1);
  CHECK(errno == EBADFD);
}
