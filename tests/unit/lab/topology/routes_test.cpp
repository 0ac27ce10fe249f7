// Which routes nodes get: shortest paths over routers and NATs, those that the file writes first.
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "support.hpp"

using namespace warren;
using namespace warren::lab;
using namespace warren::lab::test;

namespace {

//   a --- r --- s --- b        s is a switch behind which c stands too
const std::string kLine = R"(
[node.a]
[node.r]
kind = "router"
[node.s]
kind = "switch"
[node.b]
[node.c]
[[link]]
ends = ["a", "r"]
[[link]]
ends = ["r", "s"]
[[link]]
ends = ["s", "b"]
[[link]]
ends = ["c", "s"]
)";

//   alice --- inner --- gate (NAT) --- core (router) --- bob
const std::string kNat = R"(
[node.alice]
[node.inner]
kind = "router"
[node.gate]
kind = "nat"
[node.core]
kind = "router"
[node.bob]
[[link]]
ends = ["alice", "inner"]
[[link]]
ends = ["inner", "gate:lan"]
[[link]]
ends = ["gate:wan", "core"]
[[link]]
ends = ["core", "bob"]
)";

}  // namespace

TEST_CASE("hosts reach every subnet over routers, and hosts do not forward") {
  const Topology topology = parse(kLine);
  CHECK(routes(topology, "a") == "10.0.1.0/24 via 10.0.0.2 dev eth0");
  CHECK(routes(topology, "b") == "10.0.0.0/24 via 10.0.1.1 dev eth0");
  CHECK(routes(topology, "c") == "10.0.0.0/24 via 10.0.1.1 dev eth0");
  CHECK(routes(topology, "r").empty());
  CHECK(routes(topology, "s").empty());
  const Topology chain = parse(
      "[node.a]\n[node.b]\n[node.c]\n[[link]]\nends = [\"a\", \"b\"]\n"
      "[[link]]\nends = [\"b\", \"c\"]\n");
  CHECK(routes(chain, "a").empty());
}

TEST_CASE("routes = \"none\" computes none") {
  CHECK(routes(parse("[lab]\nroutes = \"none\"\n" + kLine), "a").empty());
}

TEST_CASE("behind a NAT there is a default route to it, and outside no way in") {
  const Topology topology = parse(kNat);
  CHECK(routes(topology, "alice") ==
        "10.0.1.0/24 via 10.0.0.2 dev eth0\ndefault via 10.0.0.2 dev eth0");
  CHECK(routes(topology, "inner") == "default via 10.0.1.2 dev eth1");
  CHECK(routes(topology, "gate") ==
        "10.0.0.0/24 via 10.0.1.1 dev lan\n10.0.3.0/24 via 10.0.2.2 dev wan");
  CHECK(routes(topology, "core").empty());
  CHECK(routes(topology, "bob") == "10.0.2.0/24 via 10.0.3.1 dev eth0");
}

TEST_CASE("a NAT behind a NAT is passed too, from inside to outside") {
  const Topology topology = parse(R"(
[node.a]
[node.home]
kind = "nat"
[node.carrier]
kind = "nat"
outside = "up"
[node.b]
[[link]]
ends = ["a", "home:lan"]
[[link]]
ends = ["home:wan", "carrier:down"]
[[link]]
ends = ["carrier:up", "b"]
)");
  CHECK(routes(topology, "a") == "default via 10.0.0.2 dev eth0");
  CHECK(routes(topology, "home") == "default via 10.0.1.2 dev wan");
  CHECK(routes(topology, "carrier").empty());
  CHECK(routes(topology, "b").empty());
}

TEST_CASE("the shortest path wins, and of equal ones the first in the file") {
  //   a --- r1 --- b      and   a --- r2 --- r3 --- b
  const Topology topology = parse(R"(
[node.a]
kind = "router"
[node.b]
kind = "router"
[node.r1]
kind = "router"
[node.r2]
kind = "router"
[node.r3]
kind = "router"
[[link]]
ends = ["a", "r2"]
[[link]]
ends = ["r2", "r3"]
[[link]]
ends = ["r3", "b"]
[[link]]
ends = ["a", "r1"]
[[link]]
ends = ["r1", "b"]
)");
  CHECK(routes(topology, "r2") ==
        "10.0.2.0/24 via 10.0.1.2 dev eth1\n"
        "10.0.3.0/24 via 10.0.0.1 dev eth0\n"
        "10.0.4.0/24 via 10.0.0.1 dev eth0");
  CHECK(routes(topology, "r1") ==
        "10.0.0.0/24 via 10.0.3.1 dev eth0\n"
        "10.0.1.0/24 via 10.0.3.1 dev eth0\n"
        "10.0.2.0/24 via 10.0.4.2 dev eth1");
}

TEST_CASE("written routes come first and win over computed ones") {
  const Topology topology = parse(R"(
[node.a]
routes = ["10.0.1.0/24 via r dev eth0 metric 50", "default via 10.0.0.2", "10.9.0.0/24 dev eth0"]
[node.r]
kind = "router"
[node.b]
[[link]]
ends = ["a", "r"]
[[link]]
ends = ["r", "b"]
)");
  CHECK(routes(topology, "a") ==
        "10.0.1.0/24 via 10.0.0.2 dev eth0 metric 50\n"
        "default via 10.0.0.2 dev eth0\n"
        "10.9.0.0/24 dev eth0");
}

TEST_CASE("a gateway's name means its address on the segment of `dev`, and of the family") {
  const std::string text = R"(
[lab]
ipv6 = "fd00::/48"
[node.a]
routes = ["10.9.0.0/24 via b dev two", "::/0 via b dev one"]
[node.b]
[[link]]
ends = ["a:one", "b:one"]
[[link]]
ends = ["a:two", "b:two"]
)";
  CHECK(routes(parse(text), "a") ==
        "10.9.0.0/24 via 10.0.1.2 dev two\ndefault via fd00::2 dev one");
}

TEST_CASE("each family has routes of its own") {
  const Topology topology = parse("[lab]\nipv6 = \"fd00::/48\"\n" + kNat);
  CHECK(routes(topology, "alice") ==
        "10.0.1.0/24 via 10.0.0.2 dev eth0\n"
        "default via 10.0.0.2 dev eth0\n"
        "fd00:0:0:1::/64 via fd00::2 dev eth0\n"
        "default via fd00::2 dev eth0");
}

TEST_CASE("a node without an address of the family is no gateway for it") {
  const Topology topology = parse(R"(
[node.a]
[node.r]
kind = "router"
[node.b]
[[link]]
ends = ["a", "r"]
addresses = ["10.1.0.1/24", ""]
[[link]]
ends = ["r", "b"]
)");
  CHECK(routes(topology, "a").empty());
}

TEST_CASE("sites behind the ends of a tunnel reach each other through it") {
  const Topology topology = parse(R"(
[node.a]
[node.gate-a]
kind = "router"
[node.mid]
kind = "router"
[node.gate-b]
kind = "nat"
[node.b]
[[link]]
ends = ["a", "gate-a"]
[[link]]
ends = ["gate-a:wan", "mid"]
[[link]]
ends = ["mid", "gate-b:wan"]
[[link]]
ends = ["gate-b:lan", "b"]
[[tunnel]]
name = "wr0"
ends = ["gate-a", "gate-b"]
network = "10.99.0.0/24"
subnets = { gate-a = ["10.0.0.0/24"], gate-b = ["10.0.3.0/24"] }
)");
  // The other site's subnet goes to the site's own gate, and the tunnel's addresses too.
  CHECK(routes(topology, "a") ==
        "10.0.1.0/24 via 10.0.0.2 dev eth0\n"
        "10.0.2.0/24 via 10.0.0.2 dev eth0\n"
        "10.0.3.0/24 via 10.0.0.2 dev eth0\n"
        "10.99.0.0/24 via 10.0.0.2 dev eth0");
  // The gates leave it to the daemon.
  CHECK(routes(topology, "gate-a") == "10.0.2.0/24 via 10.0.1.2 dev wan");
  CHECK(routes(topology, "gate-b") == "10.0.1.0/24 via 10.0.2.1 dev wan");
  // In between nobody knows the site behind the NAT.
  CHECK(routes(topology, "mid") == "10.0.0.0/24 via 10.0.1.1 dev eth0");
  CHECK(routes(topology, "b") ==
        "10.0.0.0/24 via 10.0.3.1 dev eth0\n"
        "10.99.0.0/24 via 10.0.3.1 dev eth0\n"
        "default via 10.0.3.1 dev eth0");
}

TEST_CASE("each of two hundred hosts around a router has a route to every other subnet") {
  const Topology topology = parse(
      "[node.leaf]\ncount = 200\n[node.hub]\nkind = \"router\"\n"
      "[[link]]\nends = [\"leaf-*\", \"hub\"]\n");
  CHECK(node(topology, "leaf-200").routes.size() == 199);
  CHECK(routes(topology, "hub").empty());
}
