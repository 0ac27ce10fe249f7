#include <catch2/catch_test_macros.hpp>
#include <string>

#include <warren/system/link_monitor.hpp>
#include <warren/system/tun_device.hpp>

#include "support/netns.hpp"
#include "support/poll.hpp"

using namespace warren;
using system::LinkMonitor;
using system::Netlink;
using system::TunDevice;

TEST_CASE("an interface's life is told in order") {
  test::requires_root();
  const test::TestNetns netns;
  LinkMonitor monitor(netns.fd());
  CHECK_FALSE(test::wait_ready(monitor.fd(), 0));
  Netlink netlink(netns.fd());
  {
    const auto tun = netns.run([] { return TunDevice({.name = "wr0"}); });
    netlink.set_link_up(netlink.link_index("wr0"), true);
    netlink.set_mtu(netlink.link_index("wr0"), 1420);
  }
  CHECK(test::wait_ready(monitor.fd()));
  const auto told = monitor.drain();
  CHECK_FALSE(told.resync);
  REQUIRE(told.changes.size() >= 4);
  CHECK(told.changes.front().name == "wr0");
  CHECK_FALSE(told.changes.front().up);
  CHECK(told.changes.front().mtu == 1500);
  bool was_up_with_mtu = false;
  for (const auto& change : told.changes) {
    CHECK_FALSE(change.netns_id);
    was_up_with_mtu = was_up_with_mtu || (change.up && change.mtu == 1420 && !change.deleted);
  }
  CHECK(was_up_with_mtu);
  CHECK(told.changes.back().deleted);
  CHECK(monitor.drain().changes.empty());
}

TEST_CASE("lost notifications ask for a resync, once") {
  test::requires_root();
  const test::TestNetns netns;
  LinkMonitor monitor(netns.fd());
  const auto tun = netns.run([] { return TunDevice({.name = "wr0"}); });
  Netlink netlink(netns.fd());
  const auto index = netlink.link_index("wr0");
  for (std::uint32_t i = 0; i < 2000; ++i) netlink.set_mtu(index, 1400 + i % 2);
  CHECK(monitor.drain().resync);
  netlink.set_mtu(index, 1300);
  const auto told = monitor.drain();
  CHECK_FALSE(told.resync);
  REQUIRE(told.changes.size() == 1);
  CHECK(told.changes.front().mtu == 1300);
}

TEST_CASE("a monitor of one namespace hears nothing of another") {
  test::requires_root();
  const test::TestNetns netns;
  const test::TestNetns other;
  LinkMonitor monitor(netns.fd());
  const auto tun = other.run([] { return TunDevice({.name = "wr0"}); });
  CHECK_FALSE(test::wait_ready(monitor.fd(), 0));
}
