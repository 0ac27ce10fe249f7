// [[tunnel]]: addresses inside, where the ends reach each other outside.
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "support.hpp"

using namespace warren;
using namespace warren::lab;
using namespace warren::lab::test;

namespace {

//   alice --- gate (NAT) --- net (switch) --- bob, carol
const std::string kLab = R"(
[node.alice]
[node.gate]
kind = "nat"
[node.net]
kind = "switch"
[node.bob]
[node.carol]
[[link]]
ends = ["alice", "gate:lan"]
[[link]]
ends = ["gate:wan", "net"]
[[link]]
ends = ["bob", "net"]
[[link]]
ends = ["carol", "net"]
)";

std::string reached(const TunnelEnd& end, std::size_t from) {
  return end.reached_at.at(from) ? end.reached_at.at(from)->to_string() : "none";
}

}  // namespace

TEST_CASE("ends have addresses inside, in their order, and are reached outside") {
  const Topology topology = parse(kLab +
                                  "[[tunnel]]\nname = \"wr0\"\nends = [\"alice\", \"bob\"]\n"
                                  "network = [\"10.99.0.0/24\", \"fd99::/64\"]\nkeepalive = 25\n");
  REQUIRE(topology.tunnels.size() == 1);
  const Tunnel& tunnel = topology.tunnels[0];
  CHECK(tunnel.name == "wr0");
  CHECK(tunnel.persistent_keepalive_s == 25);
  CHECK_FALSE(tunnel.hub.has_value());
  CHECK_FALSE(tunnel.ethernet);
  CHECK(tunnel.cipher == "chacha20-poly1305");
  CHECK_FALSE(tunnel.mtu.has_value());
  REQUIRE(tunnel.ends[1].addresses.size() == 2);
  CHECK(tunnel.ends[0].addresses[0].to_string() == "10.99.0.1/24");
  CHECK(tunnel.ends[1].addresses[1].to_string() == "fd99::2/64");
  CHECK(tunnel.ends[0].port == 51820);
  // Nobody reaches alice behind the NAT: she has to begin.
  CHECK(reached(tunnel.ends[0], 1) == "none");
  CHECK(reached(tunnel.ends[1], 0) == "10.0.1.2");
}

TEST_CASE("without a network a tunnel takes the next free subnets") {
  const Topology topology = parse("[lab]\nipv6 = \"fd00::/48\"\n" + kLab +
                                  "[[tunnel]]\nname = \"wr0\"\nends = [\"bob\", \"carol\"]\n");
  CHECK(topology.tunnels[0].ends[1].addresses[0].to_string() == "10.0.2.2/24");
  CHECK(topology.tunnels[0].ends[1].addresses[1].to_string() == "fd00:0:0:2::2/64");
}

TEST_CASE("subnets of links pass over a tunnel's network") {
  const Topology topology = parse(kLab +
                                  "[[tunnel]]\nname = \"wr0\"\nends = [\"bob\", \"carol\"]\n"
                                  "network = \"10.0.0.0/24\"\n");
  CHECK(addresses(topology, "alice") == "eth0 10.0.1.1/24");
}

TEST_CASE("in a full mesh each end is reached where the other one reaches it best") {
  //   a --- b share a link, and both reach c over r
  const Topology topology = parse(R"(
[node.a]
[node.b]
[node.r]
kind = "router"
[node.c]
[[link]]
ends = ["a", "r"]
[[link]]
ends = ["b", "r"]
[[link]]
ends = ["r", "c"]
[[link]]
ends = ["a", "b"]
[[tunnel]]
name = "wr0"
ends = ["a", "b", "c"]
network = "10.99.0.0/24"
)");
  const Tunnel& tunnel = topology.tunnels[0];
  CHECK(reached(tunnel.ends[0], 1) == "10.0.3.1");
  CHECK(reached(tunnel.ends[0], 2) == "10.0.0.1");
  CHECK(reached(tunnel.ends[1], 0) == "10.0.3.2");
  CHECK(reached(tunnel.ends[2], 0) == "10.0.2.2");
  CHECK(reached(tunnel.ends[2], 2) == "none");
}

TEST_CASE("with a hub the other ends are no peers of each other") {
  const Topology topology =
      parse(kLab +
            "[[tunnel]]\nname = \"wr0\"\nends = [\"alice\", \"bob\", \"carol\"]\n"
            "hub = \"bob\"\nnetwork = \"10.99.0.0/24\"\nmode = \"tap\"\n"
            "cipher = \"aes-256-gcm\"\nmtu = 1380\nport = 4000\n");
  const Tunnel& tunnel = topology.tunnels[0];
  CHECK(tunnel.hub == 1U);
  CHECK(tunnel.ethernet);
  CHECK(tunnel.cipher == "aes-256-gcm");
  CHECK(tunnel.mtu == 1380U);
  CHECK(tunnel.ends[2].port == 4000);
  CHECK(reached(tunnel.ends[2], 0) == "none");
  CHECK(reached(tunnel.ends[1], 2) == "10.0.1.2");
}

TEST_CASE("two ends behind one NAT reach each other at their addresses inside") {
  const Topology topology = parse(R"(
[node.a]
[node.b]
[node.lan]
kind = "switch"
[node.gate]
kind = "nat"
[node.c]
[[link]]
ends = ["a", "lan"]
[[link]]
ends = ["b", "lan"]
[[link]]
ends = ["lan", "gate"]
[[link]]
ends = ["gate:wan", "c"]
[[tunnel]]
name = "wr0"
ends = ["a", "b", "c"]
network = "10.99.0.0/24"
)");
  const Tunnel& tunnel = topology.tunnels[0];
  CHECK(reached(tunnel.ends[0], 1) == "10.0.0.1");
  CHECK(reached(tunnel.ends[0], 2) == "none");
  CHECK(reached(tunnel.ends[2], 0) == "10.0.1.2");
}

TEST_CASE("a node with several tunnels has a port for each") {
  const Topology topology = parse(kLab +
                                  "[[tunnel]]\nname = \"wr0\"\nends = [\"alice\", \"bob\"]\n"
                                  "[[tunnel]]\nname = \"wr1\"\nends = [\"bob\", \"carol\"]\n");
  CHECK(topology.tunnels[0].ends[1].port == 51820);
  CHECK(topology.tunnels[1].ends[0].port == 51821);
  CHECK(topology.tunnels[1].ends[1].port == 51820);
}
