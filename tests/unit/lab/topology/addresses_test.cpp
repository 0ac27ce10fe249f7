// Which interfaces there are and which addresses they have: in the file's order, the same on every
// machine.
#include <catch2/catch_test_macros.hpp>
#include <set>
#include <string>

#include "support.hpp"

using namespace warren;
using namespace warren::lab;
using namespace warren::lab::test;

TEST_CASE("links take subnets in the file's order, and ends addresses") {
  const Topology topology = parse(R"(
[node.a]
[node.b]
[node.c]
[[link]]
ends = ["a", "b"]
[[link]]
ends = ["c", "b"]
)");
  CHECK(addresses(topology, "a") == "eth0 10.0.0.1/24");
  CHECK(addresses(topology, "b") == "eth0 10.0.0.2/24\neth1 10.0.1.2/24");
  CHECK(addresses(topology, "c") == "eth0 10.0.1.1/24");
  CHECK(topology.links[0].name == "a-b");
  CHECK(topology.links[1].name == "c-b");
}

TEST_CASE("both families are given out where both have a pool") {
  const Topology topology = parse(R"(
[lab]
ipv4 = "192.168.0.0/16"
ipv6 = "fd00:1ab::/48"
[node.a]
[node.b]
[[link]]
ends = ["a", "b"]
[[link]]
ends = ["a", "b"]
)");
  CHECK(addresses(topology, "a") ==
        "eth0 192.168.0.1/24 fd00:1ab::1/64\neth1 192.168.1.1/24 fd00:1ab:0:1::1/64");
  CHECK(topology.links[1].name == "a-b-2");
}

TEST_CASE("a lab can do without IPv4") {
  const Topology topology = parse(
      "[lab]\nipv4 = \"none\"\nipv6 = \"fd00::/48\"\n[node.a]\n[node.b]\n"
      "[[link]]\nends = [\"a\", \"b\"]\n");
  CHECK(addresses(topology, "a") == "eth0 fd00::1/64");
}

TEST_CASE("links that meet in switches share a subnet, and switches have no address") {
  const Topology topology = parse(R"(
[node.a]
[node.b]
[node.c]
[node.x]
kind = "switch"
[node.y]
kind = "switch"
[[link]]
ends = ["a", "x"]
[[link]]
ends = ["b", "y"]
[[link]]
ends = ["x", "y"]
[[link]]
ends = ["c", "a"]
)");
  CHECK(addresses(topology, "a") == "eth0 10.0.0.1/24\neth1 10.0.1.2/24");
  CHECK(addresses(topology, "b") == "eth0 10.0.0.2/24");
  CHECK(addresses(topology, "x") == "eth0\neth1");
  CHECK(addresses(topology, "c") == "eth0 10.0.1.1/24");
}

TEST_CASE("a written subnet is used, and the pool passes over what is written") {
  const Topology topology = parse(R"(
[node.a]
[node.b]
[[link]]
ends = ["a", "b"]
[[link]]
ends = ["a", "b"]
subnet = ["10.0.0.0/23", "fd00::/64"]
[[link]]
ends = ["a", "b"]
)");
  CHECK(addresses(topology, "a") ==
        "eth0 10.0.2.1/24\neth1 10.0.0.1/23 fd00::1/64\neth2 10.0.3.1/24");
}

TEST_CASE("written addresses are used, and ends without join their network") {
  const Topology topology = parse(R"(
[node.a]
[node.b]
[node.c]
[node.core]
kind = "switch"
[[link]]
ends = ["a", "core"]
addresses = [["10.1.0.1/24", "10.2.0.1/24"], ""]
[[link]]
ends = ["b", "core"]
[[link]]
ends = ["core", "c"]
addresses = ["", ""]
)");
  CHECK(addresses(topology, "a") == "eth0 10.1.0.1/24 10.2.0.1/24");
  CHECK(addresses(topology, "b") == "eth0 10.1.0.2/24");
  CHECK(addresses(topology, "c") == "eth0");
}

TEST_CASE("a subnet grows with the number of its hosts") {
  std::string text = "[node.leaf]\ncount = 300\n[node.core]\nkind = \"switch\"\n";
  text += "[[link]]\nends = [\"leaf-*\", \"core\"]\n";
  text += "[node.a]\n[node.b]\n[[link]]\nends = [\"a\", \"b\"]\n";
  const Topology topology = parse(text);
  CHECK(addresses(topology, "leaf-1") == "eth0 10.0.0.1/23");
  CHECK(addresses(topology, "leaf-300") == "eth0 10.0.1.44/23");
  CHECK(addresses(topology, "a") == "eth0 10.0.2.1/24");
  CHECK(topology.links.size() == 301);
  CHECK(topology.links[6].name == "leaf-7-core");
}

TEST_CASE("subnets of two and of one address are given out whole") {
  const Topology topology = parse(R"(
[node.a]
[node.b]
[[link]]
ends = ["a", "b"]
subnet = "10.1.0.0/31"
)");
  CHECK(addresses(topology, "a") == "eth0 10.1.0.0/31");
  CHECK(addresses(topology, "b") == "eth0 10.1.0.1/31");
}

TEST_CASE("interfaces without a name are numbered around those with one") {
  const Topology topology = parse(R"(
[node.a]
[node.b]
[[link]]
ends = ["a", "b:eth1"]
[[link]]
ends = ["a:eth0", "b"]
[[link]]
ends = ["a:lan", "b"]
)");
  CHECK(addresses(topology, "a") == "eth1 10.0.0.1/24\neth0 10.0.1.1/24\nlan 10.0.2.1/24");
  CHECK(addresses(topology, "b") == "eth1 10.0.0.2/24\neth0 10.0.1.2/24\neth2 10.0.2.2/24");
}

TEST_CASE("Ethernet addresses are locally administered, unique, and the same in every run") {
  const std::string text =
      "[node.leaf]\ncount = 300\n[node.core]\nkind = \"switch\"\n"
      "[[link]]\nends = [\"leaf-*\", \"core\"]\n";
  const Topology topology = parse(text);
  const Topology again = parse(text);
  std::set<base::MacAddress> seen;
  for (std::size_t n = 0; n < topology.nodes.size(); ++n) {
    for (std::size_t i = 0; i < topology.nodes[n].interfaces.size(); ++i) {
      const base::MacAddress& mac = topology.nodes[n].interfaces[i].mac;
      CHECK_FALSE(mac.is_group());
      CHECK((mac.bytes[0] & std::byte{2}) == std::byte{2});
      CHECK(seen.insert(mac).second);
      CHECK(again.nodes[n].interfaces[i].mac == mac);
    }
  }
}

TEST_CASE("a link added at the end changes no address before it") {
  const std::string text =
      "[node.a]\n[node.b]\n[node.c]\n[[link]]\nends = [\"a\", \"b\"]\n"
      "[[link]]\nends = [\"b\", \"c\"]\n";
  const Topology before = parse(text);
  const Topology after = parse(text + "[[link]]\nends = [\"c\", \"a\"]\n");
  CHECK(addresses(before, "b") == addresses(after, "b"));
  CHECK(addresses(after, "c") == addresses(before, "c") + "\neth1 10.0.2.1/24");
}

TEST_CASE("the MTU of a link is that of its devices, and no limit of its wire") {
  const Topology topology =
      parse("[node.a]\n[node.b]\n[[link]]\nends = [\"a\", \"b\"]\nmtu = 1280\n");
  CHECK(node(topology, "a").interfaces[0].mtu == 1280);
  CHECK(node(topology, "b").interfaces[0].mtu == 1280);
  CHECK(topology.links[0].settings[0].mtu == 0);
  CHECK_FALSE(topology.links[0].wired);
}
