#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <string>

#include <warren/control/status.hpp>
#include <warren/crypto/keys.hpp>

#include "fake_host.hpp"
#include "schema_check.hpp"

using namespace warren;
using test::FakeHost;

namespace {

test::SchemaCheck status_schema() {
  std::ifstream in(WARREN_SOURCE_DIR "/docs/status.schema.json");
  return test::SchemaCheck(nlohmann::json::parse(in));
}

crypto::PublicKey key_of(char fill) {
  return *crypto::PublicKey::from_hex(std::string(64, fill));
}

void fill(FakeHost& host) {
  protocol::Device& device = host.device();
  device.set_private_key(host.now(), crypto::SecretKey::from_hex(std::string(64, '5')));
  host.port = 51820;
  host.mark = 0xca6c;
  const auto bob = device.add_peer(host.now(), key_of('1'));
  host.names[std::string(64, '1')] = "bob";
  device.set_endpoint(*bob, *base::Endpoint::parse("192.0.2.1:51820"));
  device.set_preshared_key(*bob, *crypto::PresharedKey::from_hex(std::string(64, '9')));
  device.allow_ip(*bob, *base::IpNetwork::parse("10.8.0.2/32"));
  device.set_persistent_keepalive(host.now(), *bob, std::chrono::seconds(25));
  device.add_peer(host.now(), key_of('2'));
  device.drops().add(base::Drop::in_replayed, 3);
}

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("the status matches its documented schema") {
  FakeHost host;
  CHECK(status_schema().check(control::build_status(host)).empty());
  fill(host);
  const auto status = control::build_status(host);
  CHECK(status_schema().check(status).empty());
  CHECK(status.at("peers").size() == 2);
}

TEST_CASE("the schema check finds what is missing, of the wrong type, or unknown") {
  FakeHost host;
  fill(host);
  auto schema = status_schema();
  auto status = control::build_status(host);
  status.at("peers").at(0).erase("name");
  CHECK(schema.check(status).size() == 1);
  status = control::build_status(host);
  status["interface"]["mtu"] = "1420";
  CHECK(schema.check(status).size() == 1);
  status = control::build_status(host);
  status["interface"]["colour"] = 1;
  CHECK(schema.check(status).size() == 1);
}

TEST_CASE("the status names the cipher, and the text does unless it is WireGuard's") {
  FakeHost host;
  auto status = control::build_status(host);
  CHECK(status["interface"]["cipher"] == "chacha20-poly1305");
  CHECK(control::render_status(status, false).find("cipher") == std::string::npos);
  status["interface"]["cipher"] = "aes-256-gcm";
  CHECK(status_schema().check(status).empty());
  CHECK(has_line(control::render_status(status, false), "  cipher: aes-256-gcm"));
}

TEST_CASE("a peer with another cipher shows among the failed handshakes, with the remedy") {
  FakeHost host;
  auto status = control::build_status(host);
  status["handshakes"]["failures"]["other_cipher"] = 2;
  CHECK(
      has_line(control::render_status(status, false),
               "  other_cipher: 2 (the peer uses another cipher: `cipher` must be the same at both "
               "ends)"));
}

TEST_CASE("the status holds no secret") {
  FakeHost host;
  fill(host);
  const std::string text = control::build_status(host).dump();
  CHECK(text.find(host.device().private_key()->reveal_base64()) == std::string::npos);
  const auto psk = crypto::PresharedKey::from_hex(std::string(64, '9'));
  CHECK(text.find(psk->reveal_base64()) == std::string::npos);
}

TEST_CASE("the text shows what wg show shows, and the counters that are not zero") {
  FakeHost host;
  fill(host);
  const std::string text = control::render_status(control::build_status(host), false);
  CHECK(has_line(text, "interface: wr0"));
  CHECK(has_line(text, "  public key: " + host.device().public_key()->to_base64()));
  CHECK(has_line(text, "  private key: (hidden)"));
  CHECK(has_line(text, "  listening port: 51820"));
  CHECK(has_line(text, "  fwmark: 0xca6c"));
  CHECK(has_line(text, "peer: " + key_of('1').to_base64()));
  CHECK(has_line(text, "  name: bob"));
  CHECK(has_line(text, "  preshared key: (hidden)"));
  CHECK(has_line(text, "  endpoint: 192.0.2.1:51820"));
  CHECK(has_line(text, "  allowed ips: 10.8.0.2/32"));
  CHECK(has_line(text, "  allowed ips: (none)"));
  CHECK(has_line(text, "  persistent keepalive: every 25 seconds"));
  CHECK(has_line(text, "  in_replayed: 3 (counter was seen before or is too old)"));
  CHECK(text.find("in_malformed") == std::string::npos);
  CHECK(text.find('\x1b') == std::string::npos);
}

TEST_CASE("the text tells what is forced from what is less than it could be") {
  FakeHost host;
  auto status = control::build_status(host);
  const auto shown = [&](bool degraded, bool forced) {
    status["features"][0]["degraded"] = degraded;
    status["features"][0]["forced"] = forced;
    return control::render_status(status, false);
  };
  CHECK(has_line(shown(false, false), "  aead: libsodium"));
  CHECK(has_line(shown(false, true), "  aead: libsodium (forced)"));
  CHECK(has_line(shown(true, false), "  aead: libsodium (degraded)"));
  CHECK(has_line(shown(true, true), "  aead: libsodium (forced, degraded)"));
}

TEST_CASE("the text is the same with colours once the escapes are taken out") {
  FakeHost host;
  fill(host);
  const auto status = control::build_status(host);
  std::string coloured = control::render_status(status, true);
  REQUIRE(coloured.find('\x1b') != std::string::npos);
  for (auto at = coloured.find('\x1b'); at != std::string::npos; at = coloured.find('\x1b')) {
    coloured.erase(at, coloured.find('m', at) - at + 1);
  }
  CHECK(coloured == control::render_status(status, false));
}

TEST_CASE("ages and transfer are written as wg writes them") {
  FakeHost host;
  fill(host);
  auto status = control::build_status(host);
  auto& peer = status["peers"][0];
  peer["latest_handshake_age_s"] = 72.9;
  peer["handshake_duration_ms"] = 0.421;
  peer["rx_bytes"] = 1'268'777;
  peer["tx_bytes"] = 3 * 1024;
  const std::string text = control::render_status(status, false);
  CHECK(has_line(text, "  latest handshake: 1 minute, 12 seconds ago, took 0.42 ms"));
  CHECK(has_line(text, "  transfer: 1.21 MiB received, 3.00 KiB sent"));
}
