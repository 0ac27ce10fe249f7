#include <sys/stat.h>

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include <warren/system/tun_device.hpp>
#include <warren/system/tun_follower.hpp>

#include "support/netns.hpp"
#include "support/poll.hpp"

using namespace warren;
using namespace std::chrono_literals;
using system::Netlink;
using system::TunDevice;
using system::TunFollower;

namespace {

/// A device born in `home`, its follower, and a second namespace to move it to.
struct Fixture {
  test::TestNetns home;
  test::TestNetns away;
  TunDevice tun = home.run([] { return TunDevice({.name = "wr0"}); });
  TunFollower follower = home.run([this] { return TunFollower(tun); });

  void move_away() {
    Netlink netlink(home.fd());
    netlink.move_link(netlink.link_index("wr0"), away.fd());
  }
  void move_home() {
    Netlink netlink(away.fd());
    netlink.move_link(netlink.link_index("wr0"), home.fd());
  }
};

}  // namespace

TEST_CASE("a fresh device is down with the kernel's MTU") {
  test::requires_root();
  Fixture fixture;
  const auto state = fixture.follower.refresh();
  CHECK(state.exists);
  CHECK(state.name == "wr0");
  CHECK(state.index == Netlink(fixture.home.fd()).link_index("wr0"));
  CHECK(state.mtu == 1500);
  CHECK_FALSE(state.up);
  CHECK_FALSE(state.moved);
}

TEST_CASE("state, MTU and name are followed at home") {
  test::requires_root();
  Fixture fixture;
  fixture.follower.refresh();
  Netlink netlink(fixture.home.fd());
  const auto index = netlink.link_index("wr0");
  netlink.set_link_name(index, "other0");
  netlink.set_mtu(index, 1420);
  netlink.set_link_up(index, true);
  REQUIRE(test::wait_ready(fixture.follower.fd()));
  const auto state = fixture.follower.refresh();
  CHECK(state.name == "other0");
  CHECK(state.mtu == 1420);
  CHECK(state.up);
  CHECK_FALSE(test::wait_ready(fixture.follower.fd(), 0));
}

TEST_CASE("a device that moves is followed there and back") {
  test::requires_root();
  Fixture fixture;
  auto& follower = fixture.follower;
  follower.refresh();
  fixture.move_away();
  REQUIRE(test::wait_ready(follower.fd()));
  auto state = follower.refresh();
  CHECK(state.exists);
  CHECK(state.moved);
  CHECK(state.away);

  Netlink netlink(fixture.away.fd());
  netlink.set_link_up(netlink.link_index("wr0"), true);
  netlink.set_mtu(netlink.link_index("wr0"), 1380);
  REQUIRE(test::wait_ready(follower.fd()));
  state = follower.refresh();
  CHECK(state.up);
  CHECK(state.mtu == 1380);
  CHECK_FALSE(state.moved);
  CHECK(state.away);

  fixture.move_home();
  REQUIRE(test::wait_ready(follower.fd()));
  state = follower.refresh();
  CHECK(state.exists);
  CHECK(state.moved);
  CHECK_FALSE(state.away);
  CHECK_FALSE(state.up);
}

TEST_CASE("a change right after a move is not missed") {
  test::requires_root();
  Fixture fixture;
  fixture.move_away();
  Netlink netlink(fixture.away.fd());
  netlink.set_link_up(netlink.link_index("wr0"), true);
  REQUIRE(test::wait_ready(fixture.follower.fd()));
  const auto state = fixture.follower.refresh();
  CHECK(state.moved);
  CHECK(state.up);
}

TEST_CASE("a deletion is noticed wherever the device is") {
  test::requires_root();
  Fixture fixture;
  SECTION("at home") {
    fixture.follower.refresh();
    Netlink netlink(fixture.home.fd());
    netlink.delete_link(netlink.link_index("wr0"));
  }
  SECTION("away") {
    fixture.move_away();
    fixture.follower.refresh();
    Netlink netlink(fixture.away.fd());
    netlink.delete_link(netlink.link_index("wr0"));
  }
  REQUIRE(test::wait_ready(fixture.follower.fd()));
  CHECK_FALSE(fixture.follower.refresh().exists);
}

TEST_CASE("a device goes with the namespace it was moved to: following does not keep it alive") {
  test::requires_root();
  Fixture fixture;
  fixture.move_away();
  CHECK(fixture.follower.refresh().moved);
  fixture.away.release();
  CHECK(test::wait_ready(fixture.tun.fd()));  // POLLERR once the kernel has cleaned up
  CHECK_FALSE(fixture.tun.exists());
  CHECK_FALSE(fixture.follower.refresh().exists);
}

TEST_CASE("a device that moves all the time is followed to its last place") {
  test::requires_root();
  Fixture fixture;
  auto& follower = fixture.follower;
  std::atomic<bool> done = false;
  std::thread mover([&] {
    for (int i = 0; i < 20; ++i) {
      fixture.move_away();
      fixture.move_home();
    }
    fixture.move_away();
    Netlink netlink(fixture.away.fd());
    netlink.set_link_up(netlink.link_index("wr0"), true);
    done = true;
  });
  std::optional<TunFollower::State> state;
  bool always_existed = true;
  // Ends with the notification of the last change, however the refreshes fell between the moves.
  while (!done || test::wait_ready(follower.fd(), 100)) {
    if (!test::wait_ready(follower.fd(), 100)) continue;
    state = follower.refresh();
    always_existed = always_existed && state->exists;
  }
  mover.join();
  CHECK(always_existed);
  REQUIRE(state);
  CHECK(state->up);
  CHECK(system::same_netns(fixture.tun.netns().get(), fixture.away.fd()));
}
