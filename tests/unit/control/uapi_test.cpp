#include <fmt/format.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <chrono>
#include <string>

#include <warren/control/uapi.hpp>

#include "fake_host.hpp"
#include "support/counting_new.hpp"

using namespace warren;
using control::UapiSession;
using test::FakeHost;

namespace {

const std::string kPrivate = "e84b5a6d2717c1003a13b431570353dbaca9146cf150c5f8575680feba52027a";
const std::string kPeerA = "b85996fecc9c7f1fc6d2572a76eda11d59bcd20be8e543b15ce4bd85a8e75a33";
const std::string kPeerB = "58402e695ba1772b1cc9309755f043251ea77fdcf10fbe63989ceb7e19321376";
const std::string kZeroKey(64, '0');

// Feeds everything, as the server does.
std::string say(UapiSession& session, std::string_view in) {
  std::string out;
  while (!in.empty()) {
    const std::size_t used = session.feed(in, out);
    REQUIRE(used > 0);
    in.remove_prefix(used);
  }
  return out;
}

std::string ask(FakeHost& host, const std::string& request) {
  UapiSession session(host);
  return say(session, request);
}

std::string set(FakeHost& host, const std::string& lines) {
  return ask(host, "set=1\n" + lines + "\n");
}

std::string get(FakeHost& host) {
  return ask(host, "get=1\n\n");
}

std::string peer_text(const std::string& key, const std::string& psk, const std::string& endpoint,
                      unsigned keepalive, const std::string& allowed) {
  return fmt::format(
      "public_key={}\npreshared_key={}\nprotocol_version=1\n{}last_handshake_time_sec=0\n"
      "last_handshake_time_nsec=0\ntx_bytes=0\nrx_bytes=0\npersistent_keepalive_interval={}\n{}",
      key, psk, endpoint.empty() ? "" : "endpoint=" + endpoint + "\n", keepalive, allowed);
}

}  // namespace

TEST_CASE("get on a new device answers nothing but success") {
  FakeHost host;
  CHECK(get(host) == "errno=0\n\n");
}

TEST_CASE("what was set is what get shows, in wireguard-go's order") {
  FakeHost host;
  const std::string psk(64, '7');
  CHECK(set(host, fmt::format("private_key={}\nlisten_port=12912\nfwmark=51\nreplace_peers=true\n"
                              "public_key={}\npreshared_key={}\nendpoint=[abcd:23::33%2]:51820\n"
                              "persistent_keepalive_interval=25\nreplace_allowed_ips=true\n"
                              "allowed_ip=192.168.4.4/32\nallowed_ip=fd00::/16\n"
                              "public_key={}\nendpoint=182.122.22.19:3233\n",
                              kPrivate, kPeerA, psk, kPeerB)) == "errno=0\n\n");
  const std::string shown = get(host);
  CHECK(shown.starts_with(
      fmt::format("private_key={}\nlisten_port=12912\nfwmark=51\npublic_key={}\npreshared_key={}\n",
                  kPrivate, kPeerA, psk)));
  CHECK(shown.find(peer_text(kPeerB, kZeroKey, "182.122.22.19:3233", 0, "")) != std::string::npos);
  CHECK(shown.find("persistent_keepalive_interval=25\nallowed_ip=") != std::string::npos);
  CHECK(shown.find("allowed_ip=192.168.4.4/32\n") != std::string::npos);
  CHECK(shown.find("allowed_ip=fd00::/16\n") != std::string::npos);
  CHECK(shown.ends_with("errno=0\n\n"));
}

TEST_CASE("a request is executed the same however it is cut into pieces") {
  const std::string request = fmt::format(
      "set=1\nprivate_key={}\npublic_key={}\nallowed_ip=10.1.0.0/16\nendpoint=192.0.2.1:9\n\n"
      "get=1\n\n",
      kPrivate, kPeerA);
  FakeHost whole;
  const std::string expected = ask(whole, request);
  for (std::size_t piece = 1; piece < 40; ++piece) {
    FakeHost host;
    UapiSession session(host);
    std::string out;
    for (std::size_t at = 0; at < request.size(); at += piece) {
      out += say(session, std::string_view(request).substr(at, piece));
    }
    CHECK(out == expected);
  }
}

TEST_CASE("one feed gives at most one answer") {
  FakeHost host;
  UapiSession session(host);
  std::string out;
  CHECK(session.feed("get=1\n\nget=1\n\n", out) == 7);
  CHECK(out == "errno=0\n\n");
}

TEST_CASE("lines that are refused give the negative errno, as wg reads it") {
  struct Case {
    const char* lines;
    const char* answer;
  };
  const auto c = GENERATE(
      Case{"private_key=00\n", "errno=-22\n\n"}, Case{"private_key=zz\n", "errno=-22\n\n"},
      Case{"listen_port=65536\n", "errno=-22\n\n"}, Case{"listen_port=-1\n", "errno=-22\n\n"},
      Case{"listen_port=\n", "errno=-22\n\n"}, Case{"listen_port=5 \n", "errno=-22\n\n"},
      Case{"fwmark=4294967296\n", "errno=-22\n\n"}, Case{"fwmark=0x10\n", "errno=-22\n\n"},
      Case{"replace_peers=false\n", "errno=-22\n\n"}, Case{"nonsense=1\n", "errno=-22\n\n"},
      Case{"allowed_ip=10.0.0.0/8\n", "errno=-22\n\n"},  // before any public_key
      Case{"public_key=12\n", "errno=-22\n\n"}, Case{"no equals sign\n", "errno=-71\n\n"});
  FakeHost host;
  CAPTURE(c.lines);
  CHECK(set(host, c.lines) == c.answer);
}

TEST_CASE("peer lines that are refused give EINVAL") {
  const std::string line = GENERATE(
      as<std::string>{}, "preshared_key=12", "endpoint=192.0.2.1", "endpoint=host.example:1",
      "endpoint=192.0.2.1:65536", "endpoint=[fe80::1%nosuchif0]:1",
      "persistent_keepalive_interval=65536", "persistent_keepalive_interval=off",
      "replace_allowed_ips=1", "allowed_ip=10.0.0.0/33", "allowed_ip=10.0.0.0", "allowed_ip=::/129",
      "allowed_ip=-", "allowed_ip=", "protocol_version=2", "remove=false", "update_only=0",
      "rx_bytes=1", "listen_port=1");
  FakeHost host;
  CAPTURE(line);
  CHECK(set(host, fmt::format("public_key={}\n{}\n", kPeerA, line)) == "errno=-22\n\n");
}

TEST_CASE("after a refused line the rest of the request is skipped and the next one is answered") {
  FakeHost host;
  CHECK(ask(host, "set=1\nlisten_port=1000\nbad=1\nlisten_port=2000\n\nget=1\n\n") ==
        "errno=-22\n\nlisten_port=1000\nerrno=0\n\n");
}

TEST_CASE("a line longer than the limit is a protocol error and uses no memory beyond it") {
  FakeHost host;
  UapiSession session(host);
  std::string out = say(session, "set=1\n");
  for (int i = 0; i < 100; ++i) out += say(session, std::string(60'000, 'x'));
  out += say(session, "\n\n");
  CHECK(out == "errno=-71\n\n");
  CHECK_FALSE(session.finished());
}

TEST_CASE("an operation that is neither get nor set ends the connection") {
  FakeHost host;
  UapiSession session(host);
  CHECK(say(session, "frob=1\n\nget=1\n\n").empty());
  CHECK(session.finished());
}

TEST_CASE("get with a line of its own is refused") {
  FakeHost host;
  CHECK(ask(host, "get=1\nlisten_port=1\n\n") == "errno=-22\n\n");
}

TEST_CASE("a client that closes its side instead of a blank line has its request finished") {
  FakeHost host;
  UapiSession session(host);
  std::string out = say(session, "set=1\nlisten_port=77\nfwmark=3\n");
  session.end_of_input(out);
  CHECK(out == "errno=0\n\n");
  CHECK(session.finished());
  CHECK(host.port == 77);
  CHECK(host.mark == 3);
}

TEST_CASE("a line that the end of the input cuts off is refused, not executed") {
  FakeHost host;
  UapiSession session(host);
  SECTION("where the rest of it would be valid") {
    set(host, "public_key=" + kPeerA + "\n");
    std::string out =
        say(session, "set=1\nfwmark=3\npublic_key=" + kPeerA + "\nallowed_ip=10.20.0.0/1");
    session.end_of_input(out);
    CHECK(out == "errno=-71\n\n");
    CHECK(session.finished());
    CHECK(host.mark == 3);
    CHECK(host.device().allowed_ips(host.device().peers().front()).empty());
  }
  SECTION("and its peer is not finished") {
    std::string out = say(session, "set=1\npublic_key=" + kPeerA + "\nremove=tr");
    session.end_of_input(out);
    CHECK(out == "errno=-71\n\n");
    CHECK(host.device().peer_count() == 0);
  }
  SECTION("where it is longer than any") {
    std::string out = say(session, "set=1\n" + std::string(2000, 'x'));
    session.end_of_input(out);
    CHECK(out == "errno=-71\n\n");
  }
  SECTION("after another that was refused: the first error is the answer") {
    std::string out = say(session, "set=1\nlisten_port=x\nfwmark=3");
    session.end_of_input(out);
    CHECK(out == "errno=-22\n\n");
    CHECK(host.mark == 0);
  }
}

TEST_CASE("the host's refusal of a port is the answer") {
  FakeHost host;
  host.port_error = EADDRINUSE;
  CHECK(set(host, "listen_port=53\n") == "errno=-98\n\n");
}

TEST_CASE("a private key of zeros removes the key") {
  FakeHost host;
  set(host, "private_key=" + kPrivate + "\n");
  CHECK(host.device().private_key() != nullptr);
  CHECK(set(host, "private_key=" + kZeroKey + "\n") == "errno=0\n\n");
  CHECK(host.device().private_key() == nullptr);
}

TEST_CASE("update_only creates no peer and changes a known one") {
  FakeHost host;
  CHECK(set(host, "public_key=" + kPeerA + "\nupdate_only=true\nallowed_ip=10.0.0.0/8\n") ==
        "errno=0\n\n");
  CHECK(host.device().peer_count() == 0);
  CHECK(host.peer_changes == 0);
  set(host, "public_key=" + kPeerA + "\n");
  set(host, "public_key=" + kPeerA + "\nupdate_only=true\nallowed_ip=10.0.0.0/8\n");
  REQUIRE(host.device().peer_count() == 1);
  CHECK(host.device().allowed_ips(host.device().peers().front()).size() == 1);
}

TEST_CASE("update_only after other lines takes back the peer they created") {
  FakeHost host;
  CHECK(set(host, "public_key=" + kPeerA + "\nprotocol_version=1\nupdate_only=true\n") ==
        "errno=0\n\n");
  CHECK(host.device().peer_count() == 0);
}

TEST_CASE("remove takes the peer away, and what follows for it changes nothing") {
  FakeHost host;
  set(host, "public_key=" + kPeerA + "\npublic_key=" + kPeerB + "\n");
  CHECK(host.device().peer_count() == 2);
  CHECK(set(host, "public_key=" + kPeerA + "\nremove=true\nallowed_ip=10.0.0.0/8\n") ==
        "errno=0\n\n");
  CHECK(host.device().peer_count() == 1);
  CHECK(get(host).find(kPeerA) == std::string::npos);
  CHECK(set(host, "public_key=" + kPeerA + "\nremove=true\n") ==
        "errno=0\n\n");  // unknown: no error
  CHECK(host.device().peer_count() == 1);
}

TEST_CASE("replace_peers removes the peers that were there") {
  FakeHost host;
  set(host, "public_key=" + kPeerA + "\n");
  set(host, "replace_peers=true\npublic_key=" + kPeerB + "\n");
  CHECK(get(host) == peer_text(kPeerB, kZeroKey, "", 0, "") + "errno=0\n\n");
}

TEST_CASE("replace_allowed_ips starts the list anew, and a minus takes one network out") {
  FakeHost host;
  set(host, "public_key=" + kPeerA + "\nallowed_ip=10.0.0.0/8\nallowed_ip=fd00::/8\n");
  set(host, "public_key=" + kPeerA +
                "\nreplace_allowed_ips=true\nallowed_ip=10.2.0.0/16\n"
                "allowed_ip=10.3.0.0/16\n");
  set(host, "public_key=" + kPeerA + "\nallowed_ip=-10.2.0.0/16\n");
  CHECK(get(host) ==
        peer_text(kPeerA, kZeroKey, "", 0, "allowed_ip=10.3.0.0/16\n") + "errno=0\n\n");
}

TEST_CASE("a network that another peer is given moves to it") {
  FakeHost host;
  set(host, "public_key=" + kPeerA + "\nallowed_ip=10.0.0.0/8\n");
  set(host, "public_key=" + kPeerB + "\nallowed_ip=10.0.0.0/8\n");
  CHECK(get(host) == peer_text(kPeerA, kZeroKey, "", 0, "") +
                         peer_text(kPeerB, kZeroKey, "", 0, "allowed_ip=10.0.0.0/8\n") +
                         "errno=0\n\n");
}

TEST_CASE("a preshared key of zeros removes it") {
  FakeHost host;
  set(host, "public_key=" + kPeerA + "\npreshared_key=" + std::string(64, 'a') + "\n");
  CHECK(get(host).find(std::string(64, 'a')) != std::string::npos);
  set(host, "public_key=" + kPeerA + "\npreshared_key=" + kZeroKey + "\n");
  CHECK(get(host) == peer_text(kPeerA, kZeroKey, "", 0, "") + "errno=0\n\n");
}

TEST_CASE("the device's own public key is no peer, and its lines are still checked") {
  FakeHost host;
  set(host, "private_key=" + kPrivate + "\n");
  const std::string own = host.device().public_key()->to_hex();
  CHECK(set(host, "public_key=" + own + "\nallowed_ip=10.0.0.0/8\n") == "errno=0\n\n");
  CHECK(set(host, "public_key=" + own + "\nallowed_ip=10.0.0.0/99\n") == "errno=-22\n\n");
  CHECK(host.device().peer_count() == 0);
}

TEST_CASE("the host hears once of a request that changed peers and never of one that did not") {
  FakeHost host;
  set(host, "public_key=" + kPeerA + "\nallowed_ip=10.0.0.0/8\npublic_key=" + kPeerB + "\n");
  CHECK(host.peer_changes == 1);
  set(host, "listen_port=5\n");
  get(host);
  CHECK(host.peer_changes == 1);
}

TEST_CASE("a keepalive that is set before the endpoint is sent to the new endpoint") {
  FakeHost host;
  set(host, "private_key=" + kPrivate + "\n");
  host.device().set_up(host.now(), true);
  set(host, "public_key=" + kPeerA + "\npersistent_keepalive_interval=25\nendpoint=192.0.2.7:7\n");
  std::vector<std::byte> room(2048);
  const auto sent = host.device().poll_transmit(host.now(), room);
  REQUIRE(sent);
  CHECK(sent->path.remote.to_string() == "192.0.2.7:7");
}

TEST_CASE("showing keys leaves no copy of them behind, however long the answer") {
  FakeHost host;
  const std::string preshared = "77" + std::string(62, 'a');
  set(host, "private_key=" + kPrivate + "\n");
  for (unsigned i = 0; i < 100; ++i) {
    std::string lines = fmt::format("public_key={:064x}\npreshared_key={}\n", i + 2, preshared);
    for (unsigned j = 0; j < 100; ++j) lines += fmt::format("allowed_ip=10.{}.{}.0/24\n", i, j);
    set(host, lines);
  }
  for (const std::string& key : {kPrivate, preshared}) {
    std::string out;
    UapiSession session(host);
    CHECK(test::freed_with(key, [&] { session.feed("get=1\n\n", out); }) == 0);
    CHECK(out.find(key) != std::string::npos);
    CHECK(out.ends_with("errno=0\n\n"));
  }
}

TEST_CASE("100,000 allowed IPs are set and shown in under two seconds") {
  std::string request = "set=1\npublic_key=" + kPeerA + "\nreplace_allowed_ips=true\n";
  for (unsigned i = 0; i < 100'000; ++i) {
    request += fmt::format("allowed_ip=10.{}.{}.{}/32\n", i >> 16U, i >> 8U & 255U, i & 255U);
  }
  request += "\nget=1\n\n";
  FakeHost host;
  const auto start = std::chrono::steady_clock::now();
  UapiSession session(host);
  std::string out;
  for (std::size_t at = 0; at < request.size(); at += 65'536) {
    out += say(session, std::string_view(request).substr(at, 65'536));
  }
  const auto took = std::chrono::steady_clock::now() - start;
  CHECK(out.starts_with("errno=0\n\npublic_key="));
  CHECK(host.device().allowed_ips(host.device().peers().front()).size() == 100'000);
  CHECK(took < std::chrono::seconds(2));
}
