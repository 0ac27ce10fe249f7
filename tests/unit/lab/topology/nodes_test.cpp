// Nodes: kinds, counts, what they run, how their kernels are set; and the lab as a whole.
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "support.hpp"

using namespace warren;
using namespace warren::lab;
using namespace warren::lab::test;
using namespace std::chrono_literals;

namespace {

const std::string kPair = "[node.a]\n[node.b]\n[[link]]\nends = [\"a\", \"b\"]\n";

}  // namespace

TEST_CASE("a lab without [lab] is called after its file") {
  const Topology topology = parse_topology(kPair, "configs/my lab+1.toml", false);
  CHECK(topology.name == "my-lab-1");
  CHECK(topology.seed == 0);
  CHECK(topology.timeout == 60s);
  CHECK_FALSE(topology.allow_overrun);
  CHECK(parse_topology(kPair, "-.toml", false).name == "lab");
}

TEST_CASE("[lab] names it, seeds it and bounds it") {
  const Topology topology =
      parse("[lab]\nname = \"vpn\"\nseed = 42\ntimeout = \"2m\"\nallow_overrun = true\n" + kPair);
  CHECK(topology.name == "vpn");
  CHECK(topology.seed == 42);
  CHECK(topology.timeout == 2min);
  CHECK(topology.allow_overrun);
}

TEST_CASE("nodes have kinds, and places in the file") {
  const Topology topology = parse(
      "[node.a]\n[node.r]\nkind = \"router\"\n[node.s]\nkind = \"switch\"\n"
      "[node.n]\nkind = \"nat\"\noutside = \"eth0\"\n[[link]]\nends = [\"n\", \"s\"]\n");
  CHECK(node(topology, "a").kind == NodeKind::host);
  CHECK(node(topology, "r").kind == NodeKind::router);
  CHECK(node(topology, "s").kind == NodeKind::bridge);
  CHECK(node(topology, "n").kind == NodeKind::nat);
  CHECK(node(topology, "n").outside == "eth0");
  CHECK(node(topology, "s").place.line == 4);
  CHECK(topology.links[0].place.line == 9);
}

TEST_CASE("`count` makes nodes that are alike") {
  const Topology topology = parse(
      "[node.leaf]\ncount = 3\nrun = { command = \"sleep 9\" }\n"
      "[node.hub]\nkind = \"switch\"\n[[link]]\nends = [\"hub\", \"leaf-*:up\"]\n");
  CHECK(topology.nodes.size() == 4);
  CHECK(node(topology, "leaf-3").programs.size() == 1);
  CHECK(addresses(topology, "leaf-3") == "up 10.0.0.3/24");
  CHECK(link(topology, "hub-leaf-2").ends[0].interface == 1);
}

TEST_CASE("links for each of many nodes can share a name, and are numbered") {
  const Topology topology = parse(
      "[node.leaf]\ncount = 2\n[node.hub]\nkind = \"switch\"\n"
      "[[link]]\nname = \"arm\"\nends = [\"leaf-*\", \"hub\"]\n");
  CHECK(topology.links[0].name == "arm-1");
  CHECK(topology.links[1].name == "arm-2");
}

TEST_CASE("programs have a command, an environment and a condition for readiness") {
  const Topology topology = parse(R"(
[node.a]
run = [
  { name = "web", command = "exec python3 -m http.server 80", ready = { tcp = 80, within = "3s" } },
  { command = "/usr/sbin/nginx -g 'daemon off;'", environment = { TZ = "UTC" } },
  { command = ["sleep", "100"], ready = { log = "^up$" } },
  { name = "dns", command = "named", ready = { udp = 53 } },
  { name = "f", command = "touch /x", ready = { file = "/x" } },
  { name = "c", command = "true", ready = { command = "test -e /x" } },
]
)");
  const auto& programs = node(topology, "a").programs;
  REQUIRE(programs.size() == 6);
  CHECK(programs[0].name == "web");
  CHECK(programs[0].command == std::vector<std::string>{"exec python3 -m http.server 80"});
  CHECK(programs[0].ready.kind == Readiness::Kind::tcp);
  CHECK(programs[0].ready.port == 80);
  CHECK(programs[0].ready.within == 3s);
  CHECK(programs[0].place.line == 4);
  CHECK(programs[1].name == "nginx");
  CHECK(programs[1].environment.at("TZ") == "UTC");
  CHECK(programs[1].ready.kind == Readiness::Kind::started);
  CHECK(programs[2].name == "sleep");
  CHECK(programs[2].command == std::vector<std::string>{"sleep", "100"});
  CHECK(programs[2].ready.kind == Readiness::Kind::log);
  CHECK(programs[2].ready.text == "^up$");
  CHECK(programs[3].ready.kind == Readiness::Kind::udp);
  CHECK(programs[4].ready.kind == Readiness::Kind::file);
  CHECK(programs[5].ready.kind == Readiness::Kind::command);
  CHECK(programs[5].ready.within == 10s);
}

TEST_CASE("one program can be a table, and many can be [[node.a.run]]") {
  CHECK(node(parse("[node.a]\n[node.a.run]\ncommand = \"x\"\n"), "a").programs.size() == 1);
  CHECK(node(parse("[node.a]\n[[node.a.run]]\ncommand = \"x\"\n[[node.a.run]]\ncommand = \"y\"\n"),
             "a")
            .programs.size() == 2);
}

TEST_CASE("kernel settings are written with dots in quotes or as nested tables") {
  const Topology topology = parse(
      "[node.a.sysctl]\n\"net.ipv4.tcp_congestion_control\" = \"bbr\"\n"
      "net.ipv4.ip_forward = true\nnet.core.somaxconn = 4096\n");
  const auto& sysctls = node(topology, "a").sysctls;
  CHECK(sysctls.size() == 3);
  CHECK(sysctls.at("net.ipv4.tcp_congestion_control") == "bbr");
  CHECK(sysctls.at("net.ipv4.ip_forward") == "1");
  CHECK(sysctls.at("net.core.somaxconn") == "4096");
}

TEST_CASE("an XDP program needs root, and says why") {
  const Topology topology = parse(
      "[node.b]\nxdp = { iface = \"eth0\", object = \"drop.o\" }\n[node.a]\n"
      "[[link]]\nends = [\"a\", \"b\"]\n");
  REQUIRE(node(topology, "b").xdp.has_value());
  CHECK(node(topology, "b").xdp->interface == "eth0");
  CHECK(node(topology, "b").xdp->section == "xdp");
  const auto reason = topology.needs_root();
  REQUIRE(reason.has_value());
  CHECK(contains(*reason, "b attaches the XDP program drop.o"));
  CHECK_FALSE(parse(kPair).needs_root().has_value());
}

TEST_CASE("the interface called wan or outside is a NAT's outside") {
  const auto outside = [](const std::string& name) {
    const Topology topology = parse(
        "[node.n]\nkind = \"nat\"\n[node.a]\n[node.b]\n"
        "[[link]]\nends = [\"a\", \"n\"]\n[[link]]\nends = [\"n:" +
        name + "\", \"b\"]\n");
    return node(topology, "n").outside;
  };
  CHECK(outside("wan") == "wan");
  CHECK(outside("outside") == "outside");
}
