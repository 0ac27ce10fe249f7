// [[expect]]: what is checked, with which defaults, and which address a target means.
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <string>
#include <variant>

#include "support.hpp"

using namespace warren;
using namespace warren::lab;
using namespace warren::lab::test;
using namespace std::chrono_literals;
using Catch::Approx;

namespace {

//   alice --- r --- bob       bob has a second link, to carol; both have a tunnel
const std::string kLab = R"(
[lab]
ipv6 = "fd00::/48"
[node.alice]
[node.r]
kind = "router"
[node.bob]
[node.carol]
[[link]]
ends = ["bob:side", "carol"]
[[link]]
name = "l"
ends = ["alice", "r"]
[[link]]
ends = ["r", "bob:eth0"]
[[tunnel]]
name = "wr0"
ends = ["alice", "bob"]
network = ["10.99.0.0/24", "fd99::/64"]
)";

Expectation expectation(const std::string& keys) {
  return parse(kLab + "[[expect]]\n" + keys + "\n").expectations.at(0);
}
template <class T>
T check(const std::string& keys) {
  return std::get<T>(expectation(keys).check);
}
std::string target(const std::string& from, const std::string& to, const std::string& more = {}) {
  return check<ExpectPing>("ping = { from = \"" + from + "\", to = \"" + to + "\"" + more + " }")
      .to.address.to_string();
}

}  // namespace

TEST_CASE("a name means the address in a shared segment, else the nearest, IPv4 first") {
  CHECK(target("alice", "bob") == "10.0.2.2");
  CHECK(target("carol", "bob") == "10.0.0.1");
  CHECK(target("r", "bob") == "10.0.2.2");
  CHECK(target("bob", "bob") == "10.0.0.1");
}

TEST_CASE("a target can name an interface, a tunnel, a family, or an address") {
  CHECK(target("alice", "bob@side") == "10.0.0.1");
  CHECK(target("alice", "bob@wr0") == "10.99.0.2");
  CHECK(target("alice", "bob/6") == "fd00:0:0:2::2");
  CHECK(target("alice", "bob/4") == "10.0.2.2");
  CHECK(target("alice", "bob@wr0/6") == "fd99::2");
  CHECK(target("alice", "bob", ", family = 6") == "fd00:0:0:2::2");
  CHECK(target("alice", "192.0.2.7") == "192.0.2.7");
  CHECK(target("alice", "fd99::2") == "fd99::2");
}

TEST_CASE("an address that a node has is that node") {
  const Topology topology = parse(kLab +
                                  "[[expect]]\nping = { from = \"alice\", to = \"10.99.0.2\" }\n"
                                  "[[expect]]\nping = { from = \"alice\", to = \"192.0.2.7\" }\n");
  const auto node_of = [&](std::size_t i) {
    return std::get<ExpectPing>(topology.expectations[i].check).to.node;
  };
  CHECK(node_of(0) == topology.find_node("bob"));
  CHECK_FALSE(node_of(1).has_value());
}

TEST_CASE("ping: defaults and keys") {
  const auto plain = check<ExpectPing>("ping = { from = \"alice\", to = \"bob\" }");
  CHECK(plain.within == 1s);
  CHECK(plain.reachable);
  CHECK(plain.payload_bytes == 56);
  CHECK_FALSE(plain.dont_fragment);
  const auto full = check<ExpectPing>(
      "ping = { from = \"alice\", to = \"bob\", within = \"3s\", reachable = false, payload = "
      "1252, "
      "dont_fragment = true }");
  CHECK(full.within == 3s);
  CHECK_FALSE(full.reachable);
  CHECK(full.payload_bytes == 1252);
  CHECK(full.dont_fragment);
}

TEST_CASE("rtt: bounds are in seconds") {
  const auto rtt = check<ExpectRtt>(
      "rtt = { from = \"alice\", to = \"bob\", count = 200, interval = \"5ms\", p50 = "
      "\"70ms±4ms\", "
      "max = \"<1s\", loss = \"0%\" }");
  CHECK(rtt.count == 200);
  CHECK(rtt.interval == 5ms);
  CHECK(*rtt.p50->least == Approx(0.066));
  CHECK(*rtt.p50->most == Approx(0.074));
  CHECK_FALSE(rtt.p99.has_value());
  CHECK(rtt.loss->contains(0));
  CHECK_FALSE(rtt.loss->contains(0.001));
}

TEST_CASE("tcp: a duration or bytes, a bound or its two ends") {
  const auto tcp = check<ExpectTcp>(
      "tcp = { from = \"alice\", to = \"bob\", at_least = \"9Mbit\", at_most = \"10Mbit\" }");
  CHECK(tcp.duration == 2s);
  CHECK(tcp.port == 5201);
  CHECK(*tcp.rate->least == 9e6);
  CHECK(*tcp.rate->most == 10e6);
  CHECK(tcp.rate->text == "9Mbit..10Mbit");
  const auto bytes = check<ExpectTcp>(
      "tcp = { from = \"alice\", to = \"bob\", bytes = \"4MiB\", streams = 4, congestion = "
      "\"cubic\", "
      "port = 80 }");
  CHECK(bytes.bytes == 4194304U);
  CHECK(bytes.streams == 4);
  CHECK(bytes.congestion == "cubic");
  CHECK(bytes.port == 80);
  CHECK_FALSE(bytes.rate.has_value());
  const auto bound = check<ExpectTcp>(
      "tcp = { from = \"alice\", to = \"bob\", duration = \"3s\", rate = \">=12Mbit\" }");
  CHECK(bound.duration == 3s);
  CHECK(*bound.rate->least == 12e6);
}

TEST_CASE("udp: what is sent, and what has to arrive") {
  const auto udp = check<ExpectUdp>(
      "udp = { from = \"alice\", to = \"bob\", count = 100, rate = \"10Mbit\", payload = \"1KiB\", "
      "received = \"9Mbit..10Mbit\", loss = \"<1%\", reordered = \"0%\", duplicated = \"0%\" }");
  CHECK(udp.count == 100U);
  CHECK(udp.rate_bps == 10'000'000);
  CHECK(udp.packets_per_s == 0);
  CHECK(udp.payload_bytes == 1024);
  CHECK(*udp.rate->most == 10e6);
  CHECK(udp.reordered->contains(0));
  const auto plain = check<ExpectUdp>("udp = { from = \"alice\", to = \"bob\", loss = \"100%\" }");
  CHECK(plain.packets_per_s == 1000);
  CHECK(plain.duration == 2s);
}

TEST_CASE("loss is a short way to write udp") {
  const auto loss = check<ExpectUdp>(
      "loss = { from = \"alice\", to = \"bob\", count = 4000, pps = 2000, expected = \"1%±0.5%\" "
      "}");
  CHECK(loss.count == 4000U);
  CHECK(loss.packets_per_s == 2000);
  CHECK(*loss.loss->least == Approx(0.005));
}

TEST_CASE("run, file, route, handshake, counters and no_plaintext are read") {
  const auto run = check<ExpectRun>(
      "run = { node = \"bob\", command = \"curl http://x/\", exit = 7, stdout_contains = \"Dir\", "
      "stdout_matches = \"^D.r\", stderr_contains = \"no\", within = \"3s\", retry = true }");
  CHECK(run.exit == 7);
  CHECK(run.stdout_contains == "Dir");
  CHECK(run.stdout_matches == "^D.r");
  CHECK(run.stderr_contains == "no");
  CHECK(run.within == 3s);
  CHECK(run.retry);
  const auto file = check<ExpectFile>(
      "file = { node = \"bob\", path = \"/run/x\", contains = \"a\", matches = \"b\", within = "
      "\"1s\" }");
  CHECK(file.exists);
  CHECK(file.path == "/run/x");
  CHECK(file.within == 1s);
  const auto route = check<ExpectRoute>(
      "route = { node = \"alice\", to = \"bob\", via = \"r\", dev = \"eth0\", source = "
      "\"10.0.1.1\" }");
  CHECK(route.via->to_string() == "10.0.1.2");
  CHECK(route.interface == "eth0");
  CHECK(route.source->to_string() == "10.0.1.1");
  CHECK(check<ExpectRoute>("route = { node = \"alice\", to = \"bob@wr0\", dev = \"wr0\" }")
            .interface == "wr0");
  const auto handshake = check<ExpectHandshake>("handshake = { tunnel = \"wr0\", node = \"bob\" }");
  CHECK(handshake.tunnel == TunnelId(0));
  CHECK(handshake.node.has_value());
  const auto link = check<ExpectCounters>(
      "counters = { link = \"l\", direction = \"reverse\", values = { lost = \"1..20\", overrun = "
      "0 } }");
  CHECK(link.link.has_value());
  CHECK(link.direction == std::uint8_t{1});
  CHECK(link.values.at("lost").contains(20));
  CHECK_FALSE(link.values.at("overrun").contains(1));
  const auto interface = check<ExpectCounters>(
      "counters = { node = \"bob\", iface = \"eth0\", values = { rx_packets = \">=10\" } }");
  CHECK(interface.interface == "eth0");
  const auto plaintext = check<ExpectNoPlaintext>(
      "no_plaintext = { link = \"l\", marker = \"CANARY-1\", sent = { from = \"alice\", to = "
      "\"bob@wr0\" } }");
  CHECK(plaintext.marker == "CANARY-1");
  CHECK(plaintext.to.address.to_string() == "10.99.0.2");
}

TEST_CASE("expectations have names, moments and company") {
  const Topology topology =
      parse(kLab +
            "[[expect]]\nname = \"first\"\nafter = \"4s\"\n"
            "ping = { from = \"alice\", to = \"bob\" }\n"
            "[[expect]]\ntogether = true\nping = { from = \"alice\", to = \"bob\" }\n"
            "[[expect]]\nping = { from = \"alice\", to = \"bob\" }\n");
  CHECK(topology.expectations[0].name == "first");
  CHECK(topology.expectations[0].after == 4s);
  CHECK(topology.expectations[0].place.line == 20);
  CHECK_FALSE(topology.expectations[0].together);
  CHECK(topology.expectations[1].name == "ping alice to bob");
  CHECK(topology.expectations[1].together);
  CHECK(topology.expectations[2].name == "ping alice to bob (2)");
}

TEST_CASE("expectations that run at the same time have a port each, unless they wrote one") {
  const auto expect = [](const std::string& kind, const std::string& more) {
    return "[[expect]]\n" + kind + " = { from = \"alice\", to = \"bob\"" + more + " }\n";
  };
  const auto together = [&](const std::string& kind, const std::string& more) {
    return expect(kind, more).insert(11, "together = true\n");
  };
  const Topology topology =
      parse(kLab + expect("tcp", "") + together("tcp", "") + together("udp", ", loss = \"0%\"") +
            together("loss", ", expected = \"0%\"") + together("ping", "") + together("tcp", "") +
            together("tcp", ", port = 5204") +
            "[[expect]]\ntogether = true\nno_plaintext = { link = \"l\", marker = \"CANARY-7f3a\", "
            "sent = { from = \"alice\", to = \"bob\" } }\n" +
            expect("tcp", "") + expect("loss", ", expected = \"0%\""));
  const auto port = [&](std::size_t index) -> int {
    const Check& check = topology.expectations.at(index).check;
    if (const auto* tcp = std::get_if<ExpectTcp>(&check)) return tcp->port;
    if (const auto* udp = std::get_if<ExpectUdp>(&check)) return udp->port;
    return std::get<ExpectNoPlaintext>(check).port;
  };
  CHECK(port(0) == 5201);
  CHECK(port(1) == 5207);  // 5204 is written below
  CHECK(port(2) == 5202);
  CHECK(port(3) == 5205);
  CHECK(port(5) == 5210);
  CHECK(port(6) == 5204);
  CHECK(port(7) == 5203);
  // Those that follow one another may use the same one.
  CHECK(port(8) == 5201);
  CHECK(port(9) == 5202);
}

TEST_CASE("receivers that are apart may have the same port at the same time") {
  const Topology topology =
      parse(kLab +
            "[[expect]]\ntcp = { from = \"alice\", to = \"bob\", port = 443 }\n"
            "[[expect]]\ntogether = true\ntcp = { from = \"alice\", to = \"carol\", port = 443 }\n"
            "[[expect]]\ntogether = true\n"
            "udp = { from = \"alice\", to = \"bob\", port = 443, loss = \"0%\" }\n"
            "[[expect]]\ntcp = { from = \"alice\", to = \"bob\", port = 443 }\n");
  CHECK(std::get<ExpectUdp>(topology.expectations.at(2).check).port == 443);
}
