// What a valid configuration becomes.
#include <fmt/core.h>

#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <string>

#include <warren/config/model.hpp>

#include "config_test_support.hpp"

using namespace warren;
using namespace warren::config;
using namespace warren::config::test;

namespace {

std::string interface_with(std::string_view lines) {
  return fmt::format("[interface]\nname = \"wr0\"\nprivate_key = \"{}\"\n{}\n", kPrivate, lines);
}

std::string peer_with(std::string_view lines) {
  return fmt::format("{}[[peer]]\npublic_key = \"{}\"\n{}\n", interface_with(""), kPublicA, lines);
}

Interface interface_of(std::string_view lines) {
  return parse(interface_with(lines), "wr0.toml", false).interface;
}

Peer peer_of(std::string_view lines) {
  return std::move(parse(peer_with(lines), "wr0.toml", false).peers.at(0));
}

}  // namespace

TEST_CASE("every key of a configuration arrives in the model") {
  const std::string text = fmt::format(R"(
[interface]
name = "wr0"
kind = "tun"
address = ["10.8.0.1/24", "fd08::1/64"]
private_key = "{}"
listen_port = 51820
mtu = 1380
fwmark = 0x51820
routes = false
[[peer]]
name = "bob"
public_key = "{}"
preshared_key = "{}"
endpoint = "bob.example.org:51821"
allowed_ips = ["10.8.0.2/32", "fd08::2/128"]
persistent_keepalive = 25
[[peer]]
public_key = "{}"
)",
                                       kPrivate, kPublicA, kPreshared, kPublicB);
  const Tunnel tunnel = parse(text, "/etc/warren/wr0.toml");
  CHECK(tunnel.file == "/etc/warren/wr0.toml");
  CHECK(tunnel.has_inline_secret);
  const Interface& interface = tunnel.interface;
  CHECK(interface.name == "wr0");
  CHECK(interface.kind == Kind::tun);
  CHECK(interface.addresses.size() == 2);
  CHECK(interface.addresses.at(0).to_string() == "10.8.0.1/24");
  CHECK(interface.addresses.at(1).to_string() == "fd08::1/64");
  CHECK(interface.private_key.reveal_base64() == kPrivate);
  CHECK(interface.listen_port == 51820);
  CHECK(interface.mtu == 1380U);
  CHECK(interface.fwmark == 0x51820);
  CHECK_FALSE(interface.routes);
  REQUIRE(tunnel.peers.size() == 2);
  const Peer& bob = tunnel.peers.at(0);
  CHECK(bob.name == "bob");
  CHECK(bob.public_key.to_base64() == kPublicA);
  REQUIRE(bob.preshared_key);
  CHECK(bob.preshared_key->reveal_base64() == kPreshared);
  REQUIRE(bob.endpoint);
  CHECK(bob.endpoint->to_string() == "bob.example.org:51821");
  CHECK_FALSE(bob.endpoint->literal);
  REQUIRE(bob.allowed_ips.size() == 2);
  CHECK(bob.allowed_ips.at(1).to_string() == "fd08::2/128");
  CHECK(bob.persistent_keepalive_s == 25);
}

TEST_CASE("what [engine] says arrives in the model, whatever CPU this is") {
  const auto settings_of = [](std::string_view lines) {
    return parse(interface_with(fmt::format("[engine]\n{}", lines)), "wr0.toml", false).engine;
  };
  const EngineSettings all = settings_of(
      "tun_offload = \"tso\"\nudp_offload = \"gro\"\nzero_copy = true\naead = \"libsodium\"\n"
      "busy_poll_us = 1000000\nscheduling = \"ordinary\"\n");
  CHECK(all.tun_offload == TunOffload::tso);
  CHECK(all.udp_offload == UdpOffload::gro);
  CHECK(all.zero_copy);
  CHECK(all.aead == crypto::AeadBackend::libsodium);
  CHECK(all.busy_poll_us == 1'000'000);
  CHECK(all.scheduling == Scheduling::ordinary);
  CHECK(settings_of("tun_offload = \"none\"").tun_offload == TunOffload::none);
  CHECK(settings_of("udp_offload = \"none\"").udp_offload == UdpOffload::none);
  CHECK(settings_of("udp_offload = \"gso\"").udp_offload == UdpOffload::gso);
  CHECK(settings_of("tun_offload = \"auto\"\nudp_offload = \"auto\"\naead = \"auto\"") ==
        EngineSettings{});
}

TEST_CASE("keys that are left out have the documented defaults") {
  const Tunnel tunnel = parse(peer_with(""), "wr0.toml");
  CHECK(tunnel.interface.kind == Kind::tun);
  CHECK_FALSE(tunnel.interface.hub);
  CHECK(tunnel.interface.cipher == crypto::Cipher::chacha20_poly1305);
  CHECK(tunnel.interface.addresses.empty());
  CHECK(tunnel.interface.listen_port == 0);
  CHECK_FALSE(tunnel.interface.mtu);
  CHECK(tunnel.interface.fwmark == 0);
  CHECK(tunnel.interface.routes);
  CHECK(tunnel.engine == EngineSettings{});
  const Peer& peer = tunnel.peers.at(0);
  CHECK(peer.name.empty());
  CHECK_FALSE(peer.preshared_key);
  CHECK_FALSE(peer.endpoint);
  CHECK(peer.allowed_ips.empty());
  CHECK(peer.persistent_keepalive_s == 0);
}

TEST_CASE("an interface may have no peers yet") {
  CHECK(parse(interface_with(""), "wr0.toml").peers.empty());
}

TEST_CASE("a tap interface may be a hub and its peers need no networks") {
  const Tunnel tunnel =
      parse(fmt::format("[interface]\nname='tap0'\nkind='tap'\nhub=true\nmtu=65521\n"
                        "private_key='{}'\n[[peer]]\npublic_key='{}'\n",
                        kPrivate, kPublicA),
            "tap0.toml");
  CHECK(tunnel.interface.kind == Kind::tap);
  CHECK(tunnel.interface.hub);
  CHECK(tunnel.interface.mtu == 65521U);
}

TEST_CASE("an interface of either kind may have either cipher") {
  CHECK(interface_of("cipher = \"aes-256-gcm\"").cipher == crypto::Cipher::aes_256_gcm);
  CHECK(interface_of("cipher = \"chacha20-poly1305\"").cipher == crypto::Cipher::chacha20_poly1305);
  CHECK(interface_of("kind = \"tap\"\ncipher = \"aes-256-gcm\"").cipher ==
        crypto::Cipher::aes_256_gcm);
}

TEST_CASE("fwmark is a number, a hexadecimal string or off") {
  CHECK(interface_of("fwmark = 42").fwmark == 42);
  CHECK(interface_of("fwmark = 4294967295").fwmark == 0xffffffff);
  CHECK(interface_of("fwmark = \"0xca6c\"").fwmark == 0xca6c);
  CHECK(interface_of("fwmark = \"off\"").fwmark == 0);
}

TEST_CASE("persistent_keepalive is a number of seconds or off") {
  CHECK(peer_of("persistent_keepalive = 65535").persistent_keepalive_s == 65535);
  CHECK(peer_of("persistent_keepalive = 0").persistent_keepalive_s == 0);
  CHECK(peer_of("persistent_keepalive = \"off\"").persistent_keepalive_s == 0);
}

TEST_CASE("the mtu may be as small as 576 where there is no IPv6, and as large as 65535") {
  CHECK(interface_of("mtu = 576").mtu == 576U);
  CHECK(interface_of("mtu = 65535").mtu == 65535U);
  CHECK(interface_of("mtu = 1280\naddress = [\"fd08::1/64\"]").mtu == 1280U);
}

TEST_CASE("endpoints are names or addresses with a port") {
  struct Case {
    const char* text;
    const char* host;
    std::uint16_t port;
    bool literal;
  };
  const Case cases[] = {
      {"bob.example.org:51820", "bob.example.org", 51820, false},
      {"bob:1", "bob", 1, false},
      {"bob.example.org.:65535", "bob.example.org.", 65535, false},
      {"_wg.4you.example:7", "_wg.4you.example", 7, false},
      {"192.0.2.1:51820", "192.0.2.1", 51820, true},
      {"[2001:db8::1]:51820", "2001:db8::1", 51820, true},
      {"[fe80::1%2]:51820", "fe80::1%2", 51820, true},
      {"[fe80::1%eth0]:51820", "fe80::1%eth0", 51820, false},
  };
  for (const Case& each : cases) {
    CAPTURE(each.text);
    const Peer peer = peer_of(fmt::format("endpoint = \"{}\"", each.text));
    REQUIRE(peer.endpoint);
    CHECK(peer.endpoint->host == each.host);
    CHECK(peer.endpoint->port == each.port);
    CHECK(peer.endpoint->literal.has_value() == each.literal);
    CHECK(peer.endpoint->to_string() == each.text);
  }
}

TEST_CASE("a network without a prefix length is one host, and host bits are dropped") {
  const Peer peer = peer_of("allowed_ips = [\"10.8.0.2\", \"10.9.1.2/16\", \"2001:db8::5/32\"]");
  CHECK(peer.allowed_ips.at(0).to_string() == "10.8.0.2/32");
  CHECK(peer.allowed_ips.at(1).to_string() == "10.9.0.0/16");
  CHECK(peer.allowed_ips.at(2).to_string() == "2001:db8::/32");
}

TEST_CASE("a more specific part of one peer's network may belong to another peer") {
  const std::string text = fmt::format(
      "{}allowed_ips = [\"10.0.0.0/8\"]\n[[peer]]\npublic_key = \"{}\"\n"
      "allowed_ips = [\"10.1.0.0/16\"]\n",
      peer_with(""), kPublicB);
  CHECK(parse(text, "wr0.toml").peers.size() == 2);
}

TEST_CASE("a preshared key of all zeros means none") {
  const Peer peer = peer_of("preshared_key = \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"");
  CHECK_FALSE(peer.preshared_key);
}

TEST_CASE("a byte order mark and CRLF line ends are accepted") {
  std::string text = "\xef\xbb\xbf" + interface_with("listen_port = 7");
  for (std::size_t i = 0; (i = text.find('\n', i)) != std::string::npos; i += 2) {
    text.replace(i, 1, "\r\n");
  }
  CHECK(parse(text, "wr0.toml").interface.listen_port == 7);
}

TEST_CASE("key files are not touched when reading them is switched off") {
  const Tunnel tunnel = parse(
      "[interface]\nname = \"wr0\"\nprivate_key_file = \"/nonexistent/key\"\n", "wr0.toml", false);
  CHECK(tunnel.interface.private_key.is_zero());
  CHECK_FALSE(tunnel.has_inline_secret);
}

TEST_CASE("a thousand peers with ten networks each parse in under 300 ms") {
  std::string text = interface_with("");
  std::array<std::byte, crypto::kKeyBytes> key{};
  for (unsigned peer = 0; peer < 1000; ++peer) {
    key[0] = static_cast<std::byte>(peer & 0xffU);
    key[1] = static_cast<std::byte>(peer >> 8U);
    key[2] = std::byte{1};
    text += fmt::format("[[peer]]\nname = \"peer-{}\"\npublic_key = \"{}\"\nallowed_ips = [", peer,
                        crypto::PublicKey(key).to_base64());
    for (unsigned network = 0; network < 10; ++network) {
      text += fmt::format("\"10.{}.{}.{}/32\", ", peer / 250, peer % 250, network);
    }
    text += "]\nendpoint = \"192.0.2.1:51820\"\npersistent_keepalive = 25\n";
  }
  const auto begin = std::chrono::steady_clock::now();
  const Tunnel tunnel = parse(text, "big.toml");
  const auto elapsed = std::chrono::steady_clock::now() - begin;
  CHECK(tunnel.peers.size() == 1000);
  const auto elapsed_ms = std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count();
  CAPTURE(elapsed_ms);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  CHECK(elapsed_ms < 300);
#endif
}
