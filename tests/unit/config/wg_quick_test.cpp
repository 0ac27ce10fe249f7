// wg-quick configurations as people have them, and what becomes of each part.
#include <fmt/core.h>

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <string_view>

#include <warren/config/model.hpp>

#include "config_test_support.hpp"

using namespace warren;
using namespace warren::config;
using namespace warren::config::test;

namespace {

struct Imported {
  std::string text;
  Tunnel tunnel;
};

/// Imports, and parses the result with the rules of every other configuration.
Imported import(const std::string& text, const std::string& file = "wg0.conf") {
  std::string toml = import_wg_quick(text, file);
  CAPTURE(toml);
  Tunnel tunnel = parse(toml, "wg0.toml");
  return {std::move(toml), std::move(tunnel)};
}

std::string interface_with(std::string_view lines) {
  return fmt::format("[Interface]\nPrivateKey = {}\n{}\n", kPrivate, lines);
}

std::string peer_with(std::string_view lines) {
  return fmt::format("{}[Peer]\nPublicKey = {}\n{}\n", interface_with(""), kPublicA, lines);
}

ConfigError import_error(const std::string& text) {
  return error_of([&] { return import_wg_quick(text, "wg0.conf"); });
}

}  // namespace

TEST_CASE("a road warrior's wg-quick configuration is imported") {
  const auto [text, tunnel] = import(fmt::format(R"([Interface]
PrivateKey = {}
Address = 10.64.0.7/32,fd00:64::7/128
DNS = 10.64.0.1

[Peer]
PublicKey = {}
PresharedKey = {}
AllowedIPs = 0.0.0.0/0,::0/0
Endpoint = vpn.example.org:51820
PersistentKeepalive = 25
)",
                                                 kPrivate, kPublicA, kPreshared));
  CHECK(tunnel.interface.name == "wg0");
  CHECK(tunnel.interface.kind == Kind::tun);
  CHECK(tunnel.interface.routes);
  CHECK(tunnel.interface.private_key.reveal_base64() == kPrivate);
  REQUIRE(tunnel.interface.addresses.size() == 2);
  CHECK(tunnel.interface.addresses.at(1).to_string() == "fd00:64::7/128");
  REQUIRE(tunnel.peers.size() == 1);
  const Peer& peer = tunnel.peers.at(0);
  CHECK(peer.public_key.to_base64() == kPublicA);
  CHECK(peer.preshared_key->reveal_base64() == kPreshared);
  CHECK(peer.endpoint->to_string() == "vpn.example.org:51820");
  REQUIRE(peer.allowed_ips.size() == 2);
  CHECK(peer.allowed_ips.at(0).to_string() == "0.0.0.0/0");
  CHECK(peer.allowed_ips.at(1).to_string() == "::/0");
  CHECK(peer.persistent_keepalive_s == 25);
  CHECK(contains(text, "# DNS = 10.64.0.1\n"));
  CHECK(contains(text, "resolvectl dns wg0"));
  CHECK(text.starts_with("# This file holds secret keys: nobody else may read it (umask 077"));
}

TEST_CASE("a server's wg-quick configuration with hooks and many peers is imported") {
  const auto [text, tunnel] = import(fmt::format(R"(# server
[Interface]
Address = 10.66.66.1/24
Address = fd42:42:42::1/64
ListenPort = 51820
PrivateKey = {}
MTU = 1380
FwMark = 0xca6c
SaveConfig = true
PostUp = iptables -A FORWARD -i %i -j ACCEPT; iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE
PostDown = iptables -D FORWARD -i %i -j ACCEPT

### Client alice
[Peer]
PublicKey = {}
AllowedIPs = 10.66.66.2/32
AllowedIPs = fd42:42:42::2/128

### Client bob
[Peer]
PublicKey = {} # bob's phone
AllowedIPs = 10.66.66.3/32, fd42:42:42::3/128
PersistentKeepalive = off
)",
                                                 kPrivate, kPublicA, kPublicB));
  CHECK(tunnel.interface.addresses.size() == 2);
  CHECK(tunnel.interface.listen_port == 51820);
  CHECK(tunnel.interface.mtu == 1380U);
  CHECK(tunnel.interface.fwmark == 0xca6c);
  REQUIRE(tunnel.peers.size() == 2);
  CHECK(tunnel.peers.at(0).allowed_ips.size() == 2);
  CHECK(tunnel.peers.at(1).allowed_ips.size() == 2);
  CHECK(tunnel.peers.at(1).persistent_keepalive_s == 0);
  CHECK(contains(text, "# server\n"));
  CHECK(contains(text, "# SaveConfig = true\n"));
  CHECK(contains(text, "# PostUp = iptables -A FORWARD -i %i -j ACCEPT; iptables"));
  CHECK(contains(text, "warren@wg0: ExecStartPost="));
  CHECK(contains(text, "# PostDown = iptables -D"));
  CHECK(contains(text, "warren@wg0: ExecStopPost="));
  CHECK(contains(text, "[[peer]]\n# ## Client alice\n"));
  CHECK(contains(text, "[[peer]]\n# ## Client bob\n# bob's phone\n"));
}

TEST_CASE("names of sections and keys count in any case, and white space does not count") {
  const Imported imported =
      import(fmt::format("  [INTERFACE]\r\n\tprivatekey={}\r\nLISTENPORT  =  7  # here\r\n"
                         "[peer]\r\npublickey  ={}\r\nallowedips=10.0.0.1 ,  10.0.0.2\t\r\n",
                         kPrivate, kPublicA));
  CHECK(imported.tunnel.interface.listen_port == 7);
  CHECK(imported.tunnel.peers.at(0).allowed_ips.size() == 2);
}

TEST_CASE("Table decides about routes") {
  CHECK(import(interface_with("Table = auto")).tunnel.interface.routes);
  const Imported off = import(interface_with("Table = off"));
  CHECK_FALSE(off.tunnel.interface.routes);
  CHECK_FALSE(contains(off.text, "# Table"));
  const Imported number = import(interface_with("Table = 1234"));
  CHECK_FALSE(number.tunnel.interface.routes);
  CHECK(contains(number.text, "# Table = 1234\n"));
  CHECK(contains(number.text, "ip route add NETWORK dev wg0 table 1234"));
}

TEST_CASE("SaveConfig = false needs no comment") {
  CHECK_FALSE(contains(import(interface_with("SaveConfig = false")).text, "SaveConfig"));
}

TEST_CASE("the hook that sets the private key becomes private_key_file") {
  const std::string toml = import_wg_quick(
      "[Interface]\nPostUp = wg set %i private-key /etc/wireguard/%i.key\n", "home.conf");
  CHECK(contains(toml, "private_key_file = \"/etc/wireguard/home.key\"\n"));
  CHECK_FALSE(contains(toml, "secret keys"));
  CHECK(parse(toml, "home.toml", false).interface.name == "home");
}

TEST_CASE("a hook with shell syntax around the key file stays a comment") {
  const auto error = import_error("[Interface]\nPostUp = wg set %i private-key <(pass wg/%i)\n");
  CHECK(contains(error.what(), "has no PrivateKey"));
}

TEST_CASE("a network that two peers claim goes to the last of them, and is told") {
  const auto [text, tunnel] =
      import(fmt::format("{}AllowedIPs = 10.0.0.0/8, 10.0.0.0/8, 10.1.0.0/16\n"
                         "[Peer]\nPublicKey = {}\nAllowedIPs = 10.0.0.0/8\n",
                         peer_with(""), kPublicB));
  REQUIRE(tunnel.peers.at(0).allowed_ips.size() == 1);
  CHECK(tunnel.peers.at(0).allowed_ips.at(0).to_string() == "10.1.0.0/16");
  CHECK(tunnel.peers.at(1).allowed_ips.at(0).to_string() == "10.0.0.0/8");
  CHECK(contains(text, "# AllowedIPs had 10.0.0.0/8 too"));
  CHECK(contains(text, fmt::format("#   that names it: {}", kPublicB)));
}

TEST_CASE("an address that stands twice is taken once") {
  CHECK(import(interface_with("Address = 10.0.0.1/24\nAddress = 10.0.0.1/32"))
            .tunnel.interface.addresses.size() == 1);
}

TEST_CASE("several Interface sections add up and the last value of a key counts") {
  const Imported imported =
      import("[Interface]\nListenPort = 1\n" + interface_with("ListenPort = 2"));
  CHECK(imported.tunnel.interface.listen_port == 2);
}

TEST_CASE("comments that TOML would not take are made harmless") {
  const Imported imported = import(interface_with("# bell \a and \x1b[31m"));
  CHECK(contains(imported.text, "# bell ? and ?[31m"));
}

TEST_CASE("the interface is named after the file, and a name that Linux refuses is an error") {
  CHECK(import(interface_with(""), "/etc/wireguard/home-1.conf").tunnel.interface.name == "home-1");
  CHECK(import(interface_with(""), "a\"b.conf").tunnel.interface.name == "a\"b");
  const ConfigError error =
      error_of([] { return import_wg_quick(interface_with(""), "much-too-long-for-linux.conf"); });
  CHECK(contains(error.what(), "15 bytes"));
  CHECK(contains(error.hint(), "rename the file"));
}

TEST_CASE("what cannot be imported is refused at its place") {
  struct Case {
    std::string text;
    std::string_view begins;
    std::string_view says;
  };
  const Case cases[] = {
      {"", "wg0.conf:1:1: ", "no [Interface] section"},
      {"PrivateKey = x\n", "wg0.conf:1:1: ", "in no section"},
      {"[Interfaces]\n", "wg0.conf:1:1: ", "unknown section"},
      {"[Interface]\n", "wg0.conf:1:1: ", "has no PrivateKey"},
      {"[Interface]\nfoo\n", "wg0.conf:2:1: ", "no `=`"},
      {interface_with("Jc = 4"), "wg0.conf:3:1: ", "unknown key in [Interface]"},
      {interface_with("MTU = 70000"), "wg0.conf:3:7: ", "no number from 0 to 65535"},
      {interface_with("MTU = 100"), "wg0.conf:3:7: ", "not from 576"},
      {interface_with("MTU = 1279\nAddress = fd00::1/64"), "wg0.conf:3:7: ", "too small for IPv6"},
      {interface_with("ListenPort ="), "wg0.conf:3:13: ", "no number"},
      {interface_with("Address = 10.0.0.1/24, 10.0.0.x"), "wg0.conf:3:11: ", "no address"},
      {interface_with("FwMark = 0xx"), "wg0.conf:3:10: ", "32 bits"},
      {"[Interface]\nPrivateKey = abc=\n", "wg0.conf:2:14: ", "this has 4"},
      {interface_with("[Peer]"), "wg0.conf:3:1: ", "this [Peer] has no PublicKey"},
      {peer_with("Endpoint = example.org"), "wg0.conf:6:12: ", "has no port"},
      {peer_with("AllowedIPs = 10.0.0.0/40"), "wg0.conf:6:14: ", "prefix length"},
      {peer_with("PersistentKeepalive = x"), "wg0.conf:6:23: ", "no number"},
      {peer_with("Address = 10.0.0.1/8"), "wg0.conf:6:1: ", "unknown key in [Peer]"},
      {peer_with(fmt::format("[Peer]\nPublicKey = {}", kPublicA)),
       "wg0.conf:6:1: ", "one PublicKey: here and on line 4"},
      {interface_with(fmt::format(
           "[Peer]\nPublicKey = {}",
           crypto::public_key_of(*crypto::SecretKey::from_base64(kPrivate)).to_base64())),
       "wg0.conf:3:1: ", "own public key"},
  };
  for (const Case& each : cases) {
    const ConfigError error = import_error(each.text);
    CAPTURE(each.text, error.what());
    CHECK(std::string_view(error.what()).starts_with(each.begins));
    CHECK(contains(error.what(), each.says));
  }
}

TEST_CASE("an error in a wg-quick file does not show the private key") {
  const ConfigError error =
      import_error("[Interface]\nPrivateKey = " + std::string(kPrivate.substr(0, 42)) + "\n");
  CHECK(contains(error.what(), "wg0.conf:2:14: "));
  CHECK_FALSE(contains(error.what(), kPrivate.substr(0, 8)));
}
