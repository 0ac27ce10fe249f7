// What every plan keeps to, and which settings a node gets.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <warren/lab/plan.hpp>

#include "builder.hpp"

using namespace warren;
using namespace warren::lab;
using namespace warren::lab::test;

namespace {

/// A NAT, a switch with a wired port, a host with both families, a router.
Topology sample() {
  Builder lab("sample");
  const NodeId alice = lab.node("alice");
  const NodeId gate = lab.node("gate", NodeKind::nat);
  const NodeId core = lab.node("core", NodeKind::bridge);
  const NodeId bob = lab.node("bob");
  const NodeId edge = lab.node("edge", NodeKind::router);
  lab.link("alice-gate", {alice, "eth0", {"10.0.0.1/24"}}, {gate, "lan", {"10.0.0.2/24"}});
  lab.link("wan", {gate, "wan", {"10.0.1.1/24", "fd00::1/64"}}, {core, "eth0"}, true);
  lab.link("bob-core", {bob, "eth0", {"10.0.1.2/24", "fd00::2/64"}}, {core, "eth1"});
  lab.link("edge-core", {edge, "eth0", {"10.0.1.3/24"}}, {core, "eth2"});
  lab.at(gate).outside = "wan";
  lab.at(alice).routes.push_back(
      {*base::IpNetwork::parse("0.0.0.0/0"), base::IpAddress::parse("10.0.0.2"), "eth0", 0});
  lab.at(bob).sysctls = {{"net.ipv4.conf.eth0.arp_ignore", "1"}, {"net.ipv4.tcp_sack", "0"}};
  lab.at(bob).xdp = XdpProgram{"eth0", "drop.o", "xdp"};
  return lab.topology();
}

template <class T>
std::vector<std::pair<std::size_t, T>> all(const std::vector<Step>& steps) {
  std::vector<std::pair<std::size_t, T>> found;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (const T* step = std::get_if<T>(&steps[i])) found.emplace_back(i, *step);
  }
  return found;
}

/// What `node` is set to by the plan; empty when it says nothing of `key`.
std::optional<std::string> sysctl(const std::vector<Step>& steps, NodeId node,
                                  const std::string& key) {
  std::optional<std::string> value;
  for (const auto& [at, step] : all<SetSysctl>(steps)) {
    if (step.node == node && step.key == key) value = step.value;
  }
  return value;
}

using DeviceKey = std::pair<NodeId, std::string>;

/// Where each device is created.
std::map<DeviceKey, std::size_t> created(const std::vector<Step>& steps) {
  std::map<DeviceKey, std::size_t> at;
  for (const auto& [i, step] : all<CreateVeth>(steps)) {
    at[{step.first.node, step.first.name}] = i;
    at[{step.second.node, step.second.name}] = i;
  }
  for (const auto& [i, step] : all<CreateTap>(steps)) {
    at[{step.device.node, step.device.name}] = i;
  }
  return at;
}

}  // namespace

TEST_CASE("every namespace comes before every device, and every device before its use") {
  const auto steps = plan(sample());
  const auto devices = created(steps);
  REQUIRE(devices.size() == 8);
  std::size_t last_namespace = 0;
  for (const auto& [i, step] : all<CreateNamespace>(steps)) last_namespace = i;
  for (const auto& [device, i] : devices) CHECK(i > last_namespace);
  for (const auto& [i, step] : all<AddAddress>(steps)) {
    CHECK(devices.at({step.node, step.device}) < i);
  }
  for (const auto& [i, step] : all<SetUp>(steps)) {
    CHECK(devices.at({step.node, step.device}) < i);
  }
  for (const auto& [i, step] : all<AttachXdp>(steps)) {
    CHECK(devices.at({step.node, step.program.interface}) < i);
  }
}

TEST_CASE("every device is switched on once, and before the first route") {
  const auto steps = plan(sample());
  std::multiset<DeviceKey> up;
  std::size_t last = 0;
  for (const auto& [i, step] : all<SetUp>(steps)) {
    up.insert({step.node, step.device});
    last = i;
  }
  for (const auto& [device, i] : created(steps)) CHECK(up.count(device) == 1);
  CHECK(up.size() == created(steps).size());
  const auto routes = all<AddRoute>(steps);
  REQUIRE(routes.size() == 1);
  CHECK(last < routes.front().first);
}

TEST_CASE("no two devices of a lab have the same index, and none that of the loopback") {
  const auto steps = plan(sample());
  std::vector<std::uint32_t> indices;
  for (const auto& [i, step] : all<CreateBridge>(steps)) indices.push_back(step.index);
  for (const auto& [i, step] : all<CreateTap>(steps)) indices.push_back(step.device.index);
  for (const auto& [i, step] : all<CreateVeth>(steps)) {
    indices.push_back(step.first.index);
    indices.push_back(step.second.index);
  }
  CHECK(indices.size() == 9);
  CHECK(std::set(indices.begin(), indices.end()).size() == indices.size());
  CHECK(std::ranges::min(indices) > 1);
}

TEST_CASE("the ends of a wired link are TAP devices, its first end first") {
  const auto taps = all<CreateTap>(plan(sample()));
  REQUIRE(taps.size() == 2);
  CHECK(taps[0].second.end == 0);
  CHECK(taps[0].second.device.name == "wan");
  CHECK(taps[1].first == taps[0].first + 1);
  CHECK(taps[1].second.end == 1);
  CHECK(taps[1].second.device.name == "eth0");
}

TEST_CASE("a switch joins its devices to a bridge and has no addresses") {
  const Topology lab = sample();
  const auto steps = plan(lab);
  const auto bridges = all<CreateBridge>(steps);
  REQUIRE(bridges.size() == 1);
  CHECK(bridges[0].second.name == "br0");
  const auto ports = all<JoinBridge>(steps);
  CHECK(ports.size() == 3);
  for (const auto& [i, step] : ports) {
    CHECK(step.node == bridges[0].second.node);
    CHECK(step.bridge == "br0");
  }
  for (const auto& [i, step] : all<AddAddress>(steps)) {
    CHECK(step.node != bridges[0].second.node);
  }
}

TEST_CASE("a bridge takes a name that no port of its switch has") {
  Builder lab("ports");
  const NodeId core = lab.node("core", NodeKind::bridge);
  lab.link("a", {lab.node("a"), "eth0"}, {core, "br0"});
  lab.link("b", {lab.node("b"), "eth0"}, {core, "br1"});
  const auto bridges = all<CreateBridge>(plan(lab.topology()));
  REQUIRE(bridges.size() == 1);
  CHECK(bridges[0].second.name == "br2");
}

TEST_CASE("routers and NATs forward, hosts and switches do not") {
  const Topology lab = sample();
  const auto steps = plan(lab);
  for (std::uint32_t i = 0; i < lab.nodes.size(); ++i) {
    CAPTURE(lab.nodes[i].name);
    const NodeKind kind = lab.nodes[i].kind;
    const bool forwards = kind == NodeKind::router || kind == NodeKind::nat;
    CHECK(sysctl(steps, NodeId(i), "net.ipv4.ip_forward").has_value() == forwards);
  }
}

TEST_CASE("a node with IPv6 addresses keeps IPv6 without delays, another has none") {
  const Topology lab = sample();
  const auto steps = plan(lab);
  for (std::uint32_t i = 0; i < lab.nodes.size(); ++i) {
    CAPTURE(lab.nodes[i].name);
    const bool has_v6 = lab.nodes[i].name == "gate" || lab.nodes[i].name == "bob";
    CHECK(sysctl(steps, NodeId(i), "net.ipv6.conf.default.disable_ipv6").has_value() != has_v6);
    CHECK(sysctl(steps, NodeId(i), "net.ipv6.conf.default.accept_dad").has_value() == has_v6);
  }
  CHECK(sysctl(steps, NodeId(1), "net.ipv6.conf.all.forwarding") == "1");
  CHECK_FALSE(sysctl(steps, NodeId(4), "net.ipv6.conf.all.forwarding").has_value());
}

TEST_CASE("a node keeps IPv6 when only a tunnel there has such an address") {
  Builder lab("tunnel");
  const NodeId a = lab.node("a");
  const NodeId b = lab.node("b");
  const NodeId c = lab.node("c");
  lab.link("a-b", {a, "eth0", {"10.0.0.1/24"}}, {b, "eth0", {"10.0.0.2/24"}});
  lab.tunnel("wr0", {{a, "fd99::1/64"}, {b, "10.99.0.2/24"}});
  const auto steps = plan(lab.topology());
  CHECK_FALSE(sysctl(steps, a, "net.ipv6.conf.default.disable_ipv6").has_value());
  CHECK(sysctl(steps, b, "net.ipv6.conf.default.disable_ipv6") == "1");
  CHECK(sysctl(steps, c, "net.ipv6.conf.default.disable_ipv6") == "1");
}

TEST_CASE("a sysctl of the file comes after the lab's own, one of a device after the device") {
  const auto steps = plan(sample());
  const auto devices = created(steps);
  const NodeId bob(3);
  std::size_t sack = 0;
  std::size_t arp = 0;
  std::size_t own = 0;
  for (const auto& [i, step] : all<SetSysctl>(steps)) {
    if (step.node != bob) continue;
    if (step.key == "net.ipv4.tcp_sack") {
      sack = i;
    } else if (step.key == "net.ipv4.conf.eth0.arp_ignore") {
      arp = i;
    } else {
      own = i;
    }
  }
  CHECK(own < sack);
  CHECK(sack < devices.at({bob, "eth0"}));
  CHECK(devices.at({bob, "eth0"}) < arp);
}

TEST_CASE("what leaves a NAT by its outside is masqueraded, and nothing else is") {
  const auto rules = all<AddMasquerade>(plan(sample()));
  REQUIRE(rules.size() == 1);
  CHECK(rules[0].second.node == NodeId(1));
  CHECK(rules[0].second.outside == "wan");
}

TEST_CASE("every step has one line, which names what it is about") {
  const Topology lab = sample();
  for (const Step& step : plan(lab)) {
    const std::string line = describe(lab, step);
    CAPTURE(line);
    CHECK(line.find('\n') == std::string::npos);
    CHECK(line.size() > 11);
  }
  CHECK(describe(lab, SetUp{NodeId(1), "wan"}) == "up         gate:wan");
}
