#include <catch2/catch_test_macros.hpp>
#include <stdexcept>

#include <warren/base/error.hpp>
#include <warren/system/namespaces.hpp>

#include "support/netns.hpp"

using namespace warren;
using system::current_netns;
using system::same_netns;

TEST_CASE("work in another namespace leaves the caller where it was") {
  test::requires_root();
  const auto before = current_netns();
  const test::TestNetns other;
  const bool inside = other.run([&] { return same_netns(current_netns().get(), other.fd()); });
  CHECK(inside);
  CHECK(same_netns(current_netns().get(), before.get()));
  CHECK_FALSE(same_netns(before.get(), other.fd()));
}

TEST_CASE("an exception from work in another namespace reaches the caller") {
  test::requires_root();
  const test::TestNetns other;
  CHECK_THROWS_AS(other.run([] { throw std::out_of_range("x"); }), std::out_of_range);
}

TEST_CASE("a namespace can be opened by path") {
  const auto netns = system::open_netns("/proc/self/ns/net");
  CHECK(same_netns(netns.get(), current_netns().get()));
}

TEST_CASE("a namespace name that does not exist is refused with its path") {
  try {
    system::open_netns("warren-no-such-namespace");
    FAIL("nothing was thrown");
  } catch (const base::SystemError& error) {
    CHECK(std::string(error.what()).find("/run/netns/warren-no-such-namespace") !=
          std::string::npos);
  }
}
