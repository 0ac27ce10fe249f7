#include <fmt/core.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <warren/base/error.hpp>
#include <warren/base/ip.hpp>
#include <warren/system/netlink.hpp>
#include <warren/system/netlink_batch.hpp>

#include "support/netns.hpp"

using namespace warren;
using base::InterfaceAddress;
using base::IpNetwork;
using system::Link;
using system::Netlink;
using system::NetlinkBatch;
using system::VethEnd;

namespace {

base::MacAddress mac(unsigned char last) {
  base::MacAddress address;
  address.bytes.front() = std::byte{2};
  address.bytes.back() = std::byte{last};
  return address;
}

/// A namespace and a batch that speaks to it.
struct Fixture {
  test::TestNetns netns;
  NetlinkBatch batch = netns.run([] { return NetlinkBatch(); });

  [[nodiscard]] std::optional<Link> link(const std::string& name) const {
    return Netlink(netns.fd()).find_link(name);
  }
  void create_veth(const std::string& first, const std::string& second, std::uint32_t index = 0) {
    batch.create_veth(
        {.netns = netns.fd(), .name = first, .mac = mac(1), .mtu = 1400, .index = index},
        {.netns = netns.fd(), .name = second, .mac = mac(2), .mtu = 1400});
  }
};

struct Refusal {
  int error_number = 0;
  std::string what, hint;
};

Refusal flush(NetlinkBatch& batch) {
  try {
    batch.flush();
  } catch (const base::SystemError& error) {
    return {error.error_number(), error.what(), error.hint()};
  }
  return {};
}

std::vector<std::string> names_of(const std::vector<Link>& links) {
  std::vector<std::string> names;
  names.reserve(links.size());
  for (const Link& link : links) names.push_back(link.name);
  std::ranges::sort(names);
  return names;
}

}  // namespace

TEST_CASE("nothing happens before the flush, and all of it happens then") {
  test::requires_root();
  Fixture fixture;
  const test::TestNetns other;
  NetlinkBatch& batch = fixture.batch;
  CHECK(batch.empty());
  batch.create_veth(
      {.netns = fixture.netns.fd(), .name = "left", .mac = mac(1), .mtu = 1400, .index = 71},
      {.netns = other.fd(), .name = "right", .mac = mac(2), .mtu = 1300, .index = 72});
  batch.create_bridge("br", 73);
  batch.configure("left", mac(9), 1350);
  batch.join_bridge("left", 73);
  batch.set_up("left");
  batch.add_address(73, *InterfaceAddress::parse("10.1.0.1/24"));
  batch.add_address(73, *InterfaceAddress::parse("fd01::1/64"));
  batch.add_route({.network = *IpNetwork::parse("10.2.0.0/16"),
                   .interface_index = 73,
                   .gateway = *base::IpAddress::parse("10.1.0.2")});
  CHECK_FALSE(batch.empty());
  CHECK_FALSE(fixture.link("left"));
  batch.flush();
  CHECK(batch.empty());
  const auto left = fixture.link("left");
  REQUIRE(left);
  CHECK(left->index == 71);
  CHECK(left->mtu == 1350);
  CHECK(left->mac == mac(9));
  CHECK(left->up);
  const auto right = Netlink(other.fd()).find_link("right");
  REQUIRE(right);
  CHECK(right->index == 72);
  CHECK(right->mtu == 1300);
  CHECK(right->mac == mac(2));
  CHECK_FALSE(right->up);
  CHECK(fixture.link("br")->up);
  Netlink netlink(fixture.netns.fd());
  CHECK(netlink.addresses(73).size() >= 2);
  const auto routes = netlink.routes(73);
  CHECK(std::ranges::count_if(routes, [](const system::Route& route) {
          return route.network == *IpNetwork::parse("10.2.0.0/16") && route.gateway.has_value();
        }) == 1);
}

TEST_CASE(
    "a request that the kernel refuses shows with its object, and those after it were tried") {
  test::requires_root();
  Fixture fixture;
  fixture.create_veth("one", "two", 71);
  fixture.batch.set_up("missing");
  fixture.batch.add_address(71, *InterfaceAddress::parse("10.1.0.1/24"));
  fixture.create_veth("three", "one");  // the second refusal: not the one that is told
  fixture.batch.set_up("two");
  const auto refused = flush(fixture.batch);
  CHECK(refused.error_number == ENODEV);
  CHECK(refused.what == fmt::format("switching on missing: {}", base::errno_text(ENODEV)));
  CHECK(fixture.link("one"));
  CHECK(fixture.link("two")->up);
  CHECK_FALSE(fixture.link("three"));
  CHECK(Netlink(fixture.netns.fd()).addresses(71).size() == 1);
}

TEST_CASE("the kernel's own words are the hint") {
  test::requires_root();
  Fixture fixture;
  fixture.create_veth("one", "two", 71);
  fixture.batch.add_route({.network = *IpNetwork::parse("10.2.0.0/16"),
                           .interface_index = 71,
                           .gateway = *base::IpAddress::parse("10.9.0.1")});
  const auto refused = flush(fixture.batch);
  CHECK(refused.error_number != 0);
  CHECK(refused.what.starts_with("adding the route to 10.2.0.0/16 through interface 71: "));
  CHECK(refused.hint.starts_with("the kernel says: "));
}

TEST_CASE("after a refusal the batch is empty and works") {
  test::requires_root();
  Fixture fixture;
  fixture.batch.set_up("missing");
  CHECK(flush(fixture.batch).error_number == ENODEV);
  CHECK(fixture.batch.empty());
  CHECK(flush(fixture.batch).error_number == 0);
  fixture.create_veth("one", "two");
  CHECK(flush(fixture.batch).error_number == 0);
  CHECK(fixture.link("one"));
  // A dump on the same socket is not confused by the answers before it.
  CHECK(names_of(fixture.batch.links()) == std::vector<std::string>{"lo", "one", "two"});
}

TEST_CASE("more requests than one batch holds are sent by themselves, in their order") {
  test::requires_root();
  Fixture fixture;
  fixture.create_veth("one", "two", 71);
  constexpr int kMany = 200;
  bool sent_by_itself = false;
  for (int i = 0; i < kMany; ++i) {
    fixture.batch.add_address(71, *InterfaceAddress::parse(fmt::format("10.1.0.{}/24", i + 1)));
    sent_by_itself = sent_by_itself || fixture.batch.empty();
  }
  CHECK(sent_by_itself);
  fixture.batch.flush();
  CHECK(Netlink(fixture.netns.fd()).addresses(71).size() == kMany);
}

TEST_CASE("a full batch tells a refusal at the call that filled it") {
  test::requires_root();
  Fixture fixture;
  fixture.batch.set_up("missing");
  int calls = 0;
  const auto fill = [&] {
    for (; calls < 1000; ++calls) fixture.batch.set_up("lo");
  };
  CHECK_THROWS_AS(fill(), base::SystemError);
  CHECK(calls > 0);
  CHECK(calls < 1000);
  CHECK(fixture.batch.empty());
}

TEST_CASE("what was not flushed is forgotten") {
  test::requires_root();
  Fixture fixture;
  fixture.create_veth("one", "two");
  NetlinkBatch moved = std::move(fixture.batch);
  CHECK_FALSE(moved.empty());
  moved = fixture.netns.run([] { return NetlinkBatch(); });
  CHECK(moved.empty());
  moved.flush();
  CHECK_FALSE(fixture.link("one"));
}

TEST_CASE("a name that is taken takes nothing over, at either end") {
  test::requires_root();
  Fixture fixture;
  fixture.create_veth("one", "two");
  fixture.batch.flush();
  fixture.create_veth("three", "two");
  const auto refused = flush(fixture.batch);
  CHECK(refused.error_number == EEXIST);
  CHECK(refused.what ==
        fmt::format("creating the veth pair three, two: {}", base::errno_text(EEXIST)));
  CHECK(names_of(fixture.batch.links()) == std::vector<std::string>{"lo", "one", "two"});
}
