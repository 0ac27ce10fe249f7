#include "../../../../src/lab/scenario/tunnel_config.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <string>
#include <vector>

#include <warren/config/model.hpp>
#include <warren/crypto/random.hpp>

using namespace warren;

namespace {

base::InterfaceAddress interface_address(const char* text) {
  return base::InterfaceAddress::parse(text).value();
}
base::IpNetwork network(const char* text) {
  return base::IpNetwork::parse(text).value();
}

/// alice 10.99.0.1, bob 10.99.0.2 behind a NAT, carol 10.99.0.3 with a network behind it and two
/// links.
struct Three {
  lab::Topology topology;
  lab::Tunnel tunnel;
  std::vector<crypto::SecretKey> keys;

  Three() {
    topology.name = "three";
    for (const char* name : {"alice", "bob", "carol"}) {
      topology.nodes.emplace_back().name = name;
      keys.push_back(crypto::generate_secret_key(crypto::system_random()));
    }
    tunnel.name = "wr0";
    for (std::uint32_t i = 0; i < 3; ++i) {
      lab::TunnelEnd end;
      end.node = lab::NodeId(i);
      end.addresses = {interface_address(("10.99.0." + std::to_string(i + 1) + "/24").c_str()),
                       interface_address(("fd99::" + std::to_string(i + 1) + "/64").c_str())};
      end.reached_at.resize(3);
      for (std::uint32_t from = 0; from < 3; ++from) {
        // bob is behind a NAT; carol has another address towards each of the two.
        if (i == from || i == 1) continue;
        end.reached_at[from] = base::IpAddress::parse("10.0." + std::to_string(i == 2 ? from : 0) +
                                                      "." + std::to_string(i + 1));
      }
      end.port = static_cast<std::uint16_t>(51820 + i);
      tunnel.ends.push_back(std::move(end));
    }
    tunnel.ends[2].subnets = {network("192.168.3.0/24")};
  }

  config::Tunnel parsed(std::size_t end) const {
    return config::parse(lab::tunnel_config(topology, tunnel, end, keys), "wr0.toml");
  }
};

/// The configurations of the only tunnel of a lab.
struct Files {
  lab::Topology topology;
  std::vector<crypto::SecretKey> keys;

  explicit Files(const char* text) : topology(lab::parse_topology(text, "files.toml")) {
    for (std::size_t i = 0; i < topology.tunnels.at(0).ends.size(); ++i) {
      keys.push_back(crypto::generate_secret_key(crypto::system_random()));
    }
  }
  config::Tunnel parsed(std::size_t end) const {
    return config::parse(lab::tunnel_config(topology, topology.tunnels[0], end, keys), "wr0.toml");
  }
};

std::string endpoint_of(const config::Tunnel& config, const std::string& peer) {
  for (const config::Peer& each : config.peers) {
    if (each.name == peer) return each.endpoint ? each.endpoint->to_string() : "none";
  }
  return "no peer";
}

}  // namespace

TEST_CASE("the file of a tunnel's end is one that `warren up` takes") {
  Three three;
  three.tunnel.mtu = 1380;
  three.tunnel.persistent_keepalive_s = 25;
  three.tunnel.cipher = "aes-256-gcm";
  const config::Tunnel read = three.parsed(0);
  CHECK(read.interface.name == "wr0");
  CHECK(read.interface.kind == config::Kind::tun);
  CHECK(read.interface.cipher == crypto::Cipher::aes_256_gcm);
  CHECK(read.interface.private_key == three.keys[0]);
  CHECK(read.interface.listen_port == 51820);
  CHECK(read.interface.mtu == 1380U);
  CHECK(read.interface.addresses == three.tunnel.ends[0].addresses);
  CHECK(read.has_inline_secret);
  REQUIRE(read.peers.size() == 2);
  CHECK(read.peers[0].name == "bob");
  CHECK(read.peers[0].public_key == crypto::public_key_of(three.keys[1]));
  CHECK(read.peers[0].persistent_keepalive_s == 25);
}

TEST_CASE("a peer has an endpoint where the others reach it, and none behind a NAT") {
  const Three three;
  const config::Tunnel read = three.parsed(0);
  CHECK_FALSE(read.peers.at(0).endpoint);
  REQUIRE(read.peers.at(1).endpoint);
  CHECK(read.peers[1].endpoint->to_string() == "10.0.0.3:51822");
}

TEST_CASE("the ends have a peer of several addresses where each of them reaches it") {
  Three three;
  CHECK(endpoint_of(three.parsed(0), "carol") == "10.0.0.3:51822");
  CHECK(endpoint_of(three.parsed(1), "carol") == "10.0.1.3:51822");
  CHECK(endpoint_of(three.parsed(2), "alice") == "10.0.0.1:51820");
  CHECK(endpoint_of(three.parsed(2), "bob") == "none");
  three.tunnel.hub = 2;
  CHECK(endpoint_of(three.parsed(0), "carol") == "10.0.0.3:51822");
  CHECK(endpoint_of(three.parsed(1), "carol") == "10.0.1.3:51822");
}

// The hub a - hub - b is a host with two links: each spoke has a way only to its own one.
TEST_CASE("the spokes have a hub of two links at the end of their own link") {
  const Files files(
      "[node.a]\n[node.b]\n[node.hub]\n[[link]]\nends = [\"a\", \"hub\"]\n"
      "[[link]]\nends = [\"b\", \"hub\"]\n[[tunnel]]\nname = \"wr0\"\n"
      "ends = [\"a\", \"b\", \"hub\"]\nhub = \"hub\"\nnetwork = \"10.99.0.0/24\"\n");
  CHECK(endpoint_of(files.parsed(0), "hub") == "10.0.0.2:51820");
  CHECK(endpoint_of(files.parsed(1), "hub") == "10.0.1.2:51820");
  CHECK(endpoint_of(files.parsed(2), "a") == "10.0.0.1:51820");
  CHECK(endpoint_of(files.parsed(2), "b") == "10.0.1.1:51820");
}

// c is outside: a's address behind the NAT is one that b can use, and c cannot.
TEST_CASE("an end outside of a NAT has no endpoint of one behind it whom its neighbours reach") {
  const Files files(
      "[node.a]\n[node.b]\n[node.c]\n[node.lan]\nkind = \"switch\"\n[node.gate]\nkind = \"nat\"\n"
      "[[link]]\nends = [\"a\", \"lan\"]\n[[link]]\nends = [\"b\", \"lan\"]\n"
      "[[link]]\nends = [\"lan\", \"gate\"]\n[[link]]\nends = [\"gate:wan\", \"c\"]\n"
      "[[tunnel]]\nname = \"wr0\"\nends = [\"a\", \"b\", \"c\"]\nnetwork = \"10.99.0.0/24\"\n");
  CHECK(endpoint_of(files.parsed(1), "a") == "10.0.0.1:51820");
  CHECK(endpoint_of(files.parsed(2), "a") == "none");
  CHECK(endpoint_of(files.parsed(0), "c") == "10.0.1.2:51820");
}

TEST_CASE("an end sends a peer what the peer has and what is behind it") {
  const Three three;
  CHECK(lab::allowed_ips(three.tunnel, 0, 1) ==
        std::vector{network("10.99.0.2/32"), network("fd99::2/128")});
  CHECK(lab::allowed_ips(three.tunnel, 0, 2) ==
        std::vector{network("10.99.0.3/32"), network("192.168.3.0/24"), network("fd99::3/128")});
}

TEST_CASE("without a hub every end is a peer of every other") {
  const Three three;
  CHECK(lab::peers_of(three.tunnel, 1) == std::vector<std::size_t>{0, 2});
}

TEST_CASE("with a hub the others have it as their only peer, for everything") {
  Three three;
  three.tunnel.hub = 0;
  CHECK(lab::peers_of(three.tunnel, 0) == std::vector<std::size_t>{1, 2});
  CHECK(lab::peers_of(three.tunnel, 1) == std::vector<std::size_t>{0});
  const config::Tunnel read = three.parsed(1);
  REQUIRE(read.peers.size() == 1);
  CHECK(read.peers[0].allowed_ips == std::vector{network("10.99.0.0/24"), network("10.99.0.1/32"),
                                                 network("10.99.0.3/32"), network("192.168.3.0/24"),
                                                 network("fd99::/64"), network("fd99::1/128"),
                                                 network("fd99::3/128")});
}

TEST_CASE("a spoke does not send its own network to its hub") {
  Three three;
  three.tunnel.hub = 0;
  const auto networks = lab::allowed_ips(three.tunnel, 2, 0);
  CHECK(std::find(networks.begin(), networks.end(), network("192.168.3.0/24")) == networks.end());
  CHECK(std::find(networks.begin(), networks.end(), network("10.99.0.3/32")) == networks.end());
}

TEST_CASE("a tunnel of Ethernet frames has no allowed IPs, and its hub forwards") {
  Three three;
  three.tunnel.ethernet = true;
  three.tunnel.hub = 0;
  const config::Tunnel hub = three.parsed(0);
  CHECK(hub.interface.kind == config::Kind::tap);
  CHECK(hub.interface.hub);
  CHECK(hub.peers.at(0).allowed_ips.empty());
  CHECK_FALSE(three.parsed(1).interface.hub);
}
