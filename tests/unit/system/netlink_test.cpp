#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cerrno>
#include <optional>
#include <string>

#include <warren/base/error.hpp>
#include <warren/system/netlink.hpp>
#include <warren/system/tun_device.hpp>

#include "support/netns.hpp"

using namespace warren;
using base::Endpoint;
using base::InterfaceAddress;
using base::IpNetwork;
using system::Netlink;
using system::Route;
using system::TunDevice;
using system::TunKind;

namespace {

/// A namespace with the interfaces wr0 (TUN) and wr1 (TAP), both up, and a socket into it.
struct Fixture {
  test::TestNetns netns;
  TunDevice tun = netns.run([] { return TunDevice({.name = "wr0"}); });
  TunDevice tap = netns.run([] { return TunDevice({.name = "wr1", .kind = TunKind::tap}); });
  Netlink netlink{netns.fd()};
  std::uint32_t index = netlink.link_index("wr0");
  std::uint32_t other = netlink.link_index("wr1");

  Fixture() {
    netlink.set_link_up(index, true);
    netlink.set_link_up(other, true);
  }
};

InterfaceAddress address(const char* text) {
  return *InterfaceAddress::parse(text);
}
IpNetwork network(const char* text) {
  return *IpNetwork::parse(text);
}
Endpoint endpoint(const char* text) {
  return *Endpoint::parse(text);
}

template <class Range, class Value>
auto count(const Range& range, const Value& value) {
  return std::count(range.begin(), range.end(), value);
}

auto count_network(const std::vector<Route>& routes, const IpNetwork& wanted) {
  return std::count_if(routes.begin(), routes.end(),
                       [&](const Route& route) { return route.network == wanted; });
}

template <class Action>
std::optional<int> error_of(Action action) {
  try {
    action();
  } catch (const base::SystemError& error) {
    return error.error_number();
  }
  return std::nullopt;
}

}  // namespace

TEST_CASE("an interface is found by name and by index") {
  test::requires_root();
  Fixture fixture;
  const auto link = fixture.netlink.link(fixture.index);
  CHECK(link.name == "wr0");
  CHECK(link.index == fixture.index);
  CHECK(link.mtu == 1500);
  CHECK(link.up);
  CHECK(link.running);
  CHECK(fixture.netlink.links().size() == 3);
}

TEST_CASE("an interface that does not exist is ENODEV") {
  test::requires_root();
  Fixture fixture;
  CHECK_FALSE(fixture.netlink.find_link("none"));
  CHECK(error_of([&] { (void)fixture.netlink.link_index("none"); }) == ENODEV);
  CHECK(error_of([&] { (void)fixture.netlink.link(999); }) == ENODEV);
  CHECK(error_of([&] { fixture.netlink.set_mtu(999, 1400); }) == ENODEV);
}

TEST_CASE("state, MTU, name, queue length and MAC address are set") {
  test::requires_root();
  Fixture fixture;
  auto& netlink = fixture.netlink;
  const auto mac = *base::MacAddress::parse("02:00:00:00:00:07");
  netlink.set_mtu(fixture.other, 1420);
  netlink.set_transmit_queue_length(fixture.other, 1234);
  netlink.set_mac(fixture.other, mac);
  netlink.set_link_up(fixture.other, false);
  netlink.set_link_name(fixture.other, "renamed");
  const auto link = netlink.link(fixture.other);
  CHECK(link.mtu == 1420);
  CHECK(link.transmit_queue_length == 1234);
  CHECK(link.mac == mac);
  CHECK_FALSE(link.up);
  CHECK(link.name == "renamed");
}

TEST_CASE("a refused MTU carries the kernel's explanation") {
  test::requires_root();
  Fixture fixture;
  try {
    fixture.netlink.set_mtu(fixture.index, 1'000'000);
    FAIL("nothing was thrown");
  } catch (const base::SystemError& error) {
    CHECK(error.error_number() == EINVAL);
    CHECK(error.hint().starts_with("the kernel says: "));
  }
}

TEST_CASE("deleting an interface that is gone is no error") {
  test::requires_root();
  Fixture fixture;
  fixture.netlink.delete_link(fixture.index);
  CHECK_FALSE(fixture.netlink.find_link("wr0"));
  CHECK_NOTHROW(fixture.netlink.delete_link(fixture.index));
}

TEST_CASE("addresses are added once and removed once, however often it is asked") {
  test::requires_root();
  Fixture fixture;
  auto& netlink = fixture.netlink;
  const auto text = GENERATE(as<const char*>{}, "10.8.0.1/24", "10.8.0.1/32", "fd08::1/64",
                             "fd08::1/128", "fe80::7/64");
  const auto wanted = address(text);
  const auto device = GENERATE(0, 1);
  const auto index = device == 0 ? fixture.index : fixture.other;
  netlink.add_address(index, wanted);
  netlink.add_address(index, wanted);
  CHECK(count(netlink.addresses(index), wanted) == 1);
  netlink.remove_address(index, wanted);
  netlink.remove_address(index, wanted);
  CHECK(count(netlink.addresses(index), wanted) == 0);
}

TEST_CASE("a new IPv6 address on a TAP device can be bound at once") {
  test::requires_root();
  Fixture fixture;
  fixture.netlink.add_address(fixture.other, address("fd08::1/64"));
  const int result = fixture.netns.run([] {
    const base::Fd fd(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in6 storage{};
    const auto length = endpoint("[fd08::1]:7").to_sockaddr(&storage);
    return ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&storage),
                  static_cast<socklen_t>(length));
  });
  CHECK(result == 0);
}

TEST_CASE("an address on a machine without IPv6 is refused with a hint") {
  test::requires_root();
  Fixture fixture;
  fixture.netns.run([] {
    const base::Fd sysctl(::open("/proc/sys/net/ipv6/conf/all/disable_ipv6", O_WRONLY | O_CLOEXEC));
    base::check_system_call(static_cast<int>(::write(sysctl.get(), "1", 1)), "writing", "sysctl");
  });
  try {
    fixture.netlink.add_address(fixture.index, address("fd08::1/64"));
    FAIL("nothing was thrown");
  } catch (const base::SystemError& error) {
    CHECK(error.hint().find("disable_ipv6") != std::string::npos);
  }
}

TEST_CASE("routes are added once and removed once, however often it is asked") {
  test::requires_root();
  Fixture fixture;
  auto& netlink = fixture.netlink;
  const auto text = GENERATE(as<const char*>{}, "192.0.2.0/24", "192.0.2.7/32", "0.0.0.0/0",
                             "2001:db8::/32", "2001:db8::1/128", "::/0");
  const auto wanted = network(text);
  CAPTURE(text);
  netlink.add_route(fixture.index, wanted);
  netlink.add_route(fixture.index, wanted);
  CHECK(count_network(netlink.routes(fixture.index), wanted) == 1);
  CHECK(count_network(netlink.routes(fixture.other), wanted) == 0);
  netlink.remove_route(fixture.index, wanted);
  netlink.remove_route(fixture.index, wanted);
  CHECK(count_network(netlink.routes(fixture.index), wanted) == 0);
}

TEST_CASE("a route keeps its table, metric and gateway") {
  test::requires_root();
  Fixture fixture;
  auto& netlink = fixture.netlink;
  netlink.add_address(fixture.other, address("10.8.0.1/24"));
  const Route route{.network = network("192.0.2.0/24"),
                    .interface_index = fixture.other,
                    .gateway = base::IpAddress::parse("10.8.0.2"),
                    .table = 51820,
                    .metric = 77};
  netlink.add_route(route);
  CHECK(count(netlink.routes(fixture.other), route) == 1);
  netlink.remove_route(route);
  CHECK(count(netlink.routes(fixture.other), route) == 0);
}

TEST_CASE("a network that another interface routes is not taken from it") {
  test::requires_root();
  Fixture fixture;
  auto& netlink = fixture.netlink;
  const auto wanted = network(GENERATE(as<const char*>{}, "192.0.2.0/24", "2001:db8::/32"));
  netlink.add_route(fixture.other, wanted);
  CHECK(error_of([&] { netlink.add_route(fixture.index, wanted); }) == EEXIST);
  CHECK(count_network(netlink.routes(fixture.other), wanted) == 1);
  CHECK(count_network(netlink.routes(fixture.index), wanted) == 0);
}

TEST_CASE("the kernel's own route for an address counts as ours and is not removed") {
  test::requires_root();
  Fixture fixture;
  auto& netlink = fixture.netlink;
  netlink.add_address(fixture.index, address("10.8.0.1/24"));
  CHECK_NOTHROW(netlink.add_route(fixture.index, network("10.8.0.0/24")));
  netlink.remove_route(fixture.index, network("10.8.0.0/24"));
  CHECK(count_network(netlink.routes(fixture.index), network("10.8.0.0/24")) == 1);
}

TEST_CASE("ten thousand routes are listed in full") {
  test::requires_root();
  Fixture fixture;
  auto& netlink = fixture.netlink;
  constexpr unsigned kRoutes = 10'000;
  for (unsigned i = 0; i < kRoutes; ++i) {
    const std::string text =
        "10." + std::to_string(i / 256) + "." + std::to_string(i % 256) + ".0/24";
    netlink.add_route(fixture.index, network(text.c_str()));
  }
  const auto routes = netlink.routes(fixture.index);
  CHECK(std::count_if(routes.begin(), routes.end(), [](const Route& route) {
          return route.network.address().is_v4();
        }) == kRoutes);
}

TEST_CASE("the way to a destination tells its interface, source and MTU") {
  test::requires_root();
  Fixture fixture;
  auto& netlink = fixture.netlink;
  netlink.set_mtu(fixture.index, 1380);
  netlink.add_address(fixture.index, address("10.8.0.1/24"));
  netlink.add_address(fixture.index, address("fd08::1/64"));
  const auto v4 = netlink.lookup_route(endpoint("10.8.0.9:1"));
  REQUIRE(v4);
  CHECK(v4->interface_index == fixture.index);
  CHECK(v4->source == base::IpAddress::parse("10.8.0.1"));
  CHECK(v4->mtu == 1380);
  CHECK(netlink.route_mtu(endpoint("[fd08::9]:1")) == 1380);
  CHECK(netlink.route_mtu(endpoint("127.0.0.1:1")) == 65536);
}

TEST_CASE("there is no way to a destination without a route") {
  test::requires_root();
  Fixture fixture;
  CHECK_FALSE(fixture.netlink.lookup_route(endpoint("192.0.2.1:1")));
  CHECK_FALSE(fixture.netlink.lookup_route(endpoint("[2001:db8::1]:1")));
}

TEST_CASE("a rule sends marked packets another way until it is removed") {
  test::requires_root();
  Fixture fixture;
  auto& netlink = fixture.netlink;
  const auto family = GENERATE(base::Family::v4, base::Family::v6);
  const bool v4 = family == base::Family::v4;
  const auto everywhere = network(v4 ? "0.0.0.0/0" : "::/0");
  const auto destination = endpoint(v4 ? "192.0.2.1:1" : "[2001:db8::1]:1");
  netlink.add_address(fixture.index, address(v4 ? "10.8.0.1/24" : "fd08::1/64"));
  netlink.add_route(
      {.network = everywhere, .interface_index = fixture.index, .gateway = {}, .table = 51820});
  const system::Rule rule{.family = family,
                          .table = 51820,
                          .priority = 1000,
                          .fwmark = 7,
                          .suppress_prefix_length = {}};
  netlink.add_rule(rule);
  netlink.add_rule(rule);
  CHECK(netlink.lookup_route(destination, 7).has_value());
  CHECK_FALSE(netlink.lookup_route(destination));
  netlink.remove_rule(rule);
  netlink.remove_rule(rule);
  CHECK_FALSE(netlink.lookup_route(destination, 7));
}

TEST_CASE("without privileges a change is refused with a hint") {
  test::requires_root();
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setresuid(65534, 65534, 65534) != 0) ::_exit(2);
    try {
      Netlink netlink;
      netlink.set_mtu(netlink.link_index("lo"), 65536);
    } catch (const base::SystemError& error) {
      ::_exit(error.error_number() == EPERM &&
                      error.hint().find("CAP_NET_ADMIN") != std::string::npos
                  ? 0
                  : 3);
    }
    ::_exit(1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
