//   left lp0 192.0.2.1/24, 2001:db8::1/64 ---- veth ---- rp0 192.0.2.2/24, 2001:db8::2/64 right
#include <arpa/inet.h>
#include <linux/if_link.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <string>
#include <thread>

#include <warren/lab/probe.hpp>
#include <warren/system/clock.hpp>

#include "support/netns.hpp"

using namespace warren;
using namespace std::chrono_literals;

namespace {

base::IpAddress address(const char* text) {
  return base::IpAddress::parse(text).value();
}

const base::IpAddress kRight4 = address("192.0.2.2");
const base::IpAddress kRight6 = address("2001:db8::2");
const base::IpAddress kNobody = address("192.0.2.77");
const base::IpAddress kUnrouted = address("198.51.100.1");

void run(const std::string& command) {
  if (std::system(command.c_str()) != 0) throw base::Error("`" + command + "` failed");
}

class Veth {
 public:
  Veth() {
    left.run([&] {
      run("ip link add lp0 type veth peer name rp0");
      system::Netlink netlink;
      netlink.move_link(netlink.link_index("rp0"), right.fd());
      configure(netlink, "lp0", "192.0.2.1/24", "2001:db8::1/64");
    });
    right.run([&] {
      system::Netlink netlink;
      configure(netlink, "rp0", "192.0.2.2/24", "2001:db8::2/64");
    });
  }

  test::TestNetns left, right;
  lab::Stop stop;

  [[nodiscard]] lab::PingProbe ping(const base::IpAddress& to) const {
    return {.netns = left.fd(), .to = to};
  }
  [[nodiscard]] lab::TcpProbe tcp(const base::IpAddress& to) const {
    return {.from_netns = left.fd(),
            .to_netns = right.fd(),
            .to = to,
            .source_port = 20000,
            .duration = 300ms,
            .bytes = {},
            .congestion = {}};
  }
  [[nodiscard]] lab::UdpProbe udp(const base::IpAddress& to) const {
    return {.from_netns = left.fd(),
            .to_netns = right.fd(),
            .to = to,
            .source_port = 20000,
            .count = 1000,
            .interval = 500us};
  }
  [[nodiscard]] lab::PlaintextProbe plaintext() const {
    return {.from_netns = left.fd(),
            .to_netns = right.fd(),
            .to = kRight4,
            .source_port = 20000,
            .marker = "CANARY-7f3a",
            .link = {{left.fd(), "lp0"}, {right.fd(), "rp0"}}};
  }

 private:
  static void configure(system::Netlink& netlink, const char* name, const char* v4,
                        const char* v6) {
    const auto index = netlink.link_index(name);
    netlink.set_link_up(index, true);
    netlink.add_address(index, base::InterfaceAddress::parse(v4).value());
    netlink.add_address(index, base::InterfaceAddress::parse(v6).value());
  }
};

}  // namespace

TEST_CASE("a neighbour answers the first echo request", "[netns]") {
  test::requires_root();
  const Veth veth;
  for (const auto& to : {kRight4, kRight6}) {
    const auto report = lab::ping_until_reply(veth.ping(to), 2s, veth.stop);
    INFO(to.to_string() << ": " << report.obstacle);
    CHECK(report.received >= 1);
    REQUIRE(report.first_reply);
    CHECK(*report.first_reply < 2s);
    REQUIRE_FALSE(report.round_trips.empty());
    CHECK(report.round_trips.back() < 500ms);
  }
}

TEST_CASE("an address that nobody has does not answer, and the kernel says why", "[netns]") {
  test::requires_root();
  const Veth veth;
  const auto report = lab::ping_until_reply(veth.ping(kNobody), 3500ms, veth.stop);
  CHECK(report.received == 0);
  CHECK(report.sent >= 60);
  CHECK(report.obstacle == "No route to host, says 192.0.2.1");
}

TEST_CASE("an address without a route is told as unreachable", "[netns]") {
  test::requires_root();
  const Veth veth;
  const auto report = lab::ping_until_reply(veth.ping(kUnrouted), 200ms, veth.stop);
  CHECK(report.received == 0);
  CHECK(report.obstacle == "Network is unreachable");
}

TEST_CASE("a route that comes meanwhile lets the next request through", "[netns]") {
  test::requires_root();
  const Veth veth;
  veth.right.run([] {
    system::Netlink netlink;
    netlink.add_address(netlink.link_index("rp0"),
                        base::InterfaceAddress::parse("198.51.100.1/32").value());
  });
  std::thread later([&] {
    std::this_thread::sleep_for(200ms);
    veth.left.run([] {
      system::Netlink netlink;
      netlink.add_route(netlink.link_index("lp0"),
                        base::IpNetwork::parse("198.51.100.0/24").value());
    });
  });
  const auto report = lab::ping_until_reply(veth.ping(kUnrouted), 5s, veth.stop);
  later.join();
  INFO(report.obstacle);
  CHECK(report.received >= 1);
}

TEST_CASE("a large echo request passes in fragments unless that is forbidden", "[netns]") {
  test::requires_root();
  const Veth veth;
  auto probe = veth.ping(kRight4);
  probe.payload_bytes = 3000;
  CHECK(lab::ping_until_reply(probe, 2s, veth.stop).received >= 1);
  probe.dont_fragment = true;
  const auto report = lab::ping_until_reply(probe, 200ms, veth.stop);
  CHECK(report.received == 0);
  CHECK(report.obstacle.starts_with("Message too long"));
}

TEST_CASE("a series counts every request and keeps its pace", "[netns]") {
  test::requires_root();
  const Veth veth;
  const auto before = system::boot_now();
  const auto report = lab::ping_series(veth.ping(kRight4), 100, 2ms, veth.stop);
  const auto took = system::boot_now() - before;
  CHECK(report.sent == 100);
  CHECK(report.received == 100);
  CHECK(report.duplicates == 0);
  CHECK(report.round_trips.size() == 100);
  CHECK(took >= 198ms);
  CHECK(took < 1s);
}

TEST_CASE("a probe ends when it is asked to", "[netns]") {
  test::requires_root();
  Veth veth;
  std::thread later([&] {
    std::this_thread::sleep_for(100ms);
    veth.stop.request("enough");
  });
  const auto before = system::boot_now();
  const auto report = lab::ping_until_reply(veth.ping(kNobody), 30s, veth.stop);
  later.join();
  CHECK(report.received == 0);
  CHECK(system::boot_now() - before < 5s);
  CHECK(veth.stop.reason() == "enough");
}

TEST_CASE("TCP throughput is measured for a time and in both families", "[netns]") {
  test::requires_root();
  const Veth veth;
  for (const auto& to : {kRight4, kRight6}) {
    auto probe = veth.tcp(to);
    probe.streams = 3;
    const auto report = lab::measure_tcp(probe, veth.stop);
    INFO(to.to_string() << ": " << report.obstacle);
    CHECK(report.obstacle.empty());
    CHECK(report.bytes > 1'000'000);
    CHECK(report.rate_bps > 1e7);
    CHECK(report.took > 250ms);
    CHECK(report.took < 1s);
    CHECK_FALSE(report.congestion.empty());
  }
}

TEST_CASE("a TCP transfer of a number of bytes carries exactly these", "[netns]") {
  test::requires_root();
  const Veth veth;
  auto probe = veth.tcp(kRight4);
  probe.streams = 3;
  probe.bytes = 10'000'001;
  const auto report = lab::measure_tcp(probe, veth.stop);
  CHECK(report.obstacle.empty());
  CHECK(report.bytes == 10'000'001);
}

TEST_CASE("a TCP transfer of a few bytes has a rate", "[netns]") {
  test::requires_root();
  const Veth veth;
  auto probe = veth.tcp(kRight4);
  probe.bytes = 1024;
  const auto report = lab::measure_tcp(probe, veth.stop);
  CHECK(report.obstacle.empty());
  CHECK(report.bytes == 1024);
  CHECK(report.rate_bps > 0);
}

TEST_CASE("a congestion control that is missing is named", "[netns]") {
  test::requires_root();
  const Veth veth;
  auto probe = veth.tcp(kRight4);
  probe.congestion = "carrierpigeon";
  const auto report = lab::measure_tcp(probe, veth.stop);
  CHECK(report.obstacle.starts_with("the congestion control carrierpigeon cannot be used"));
}

TEST_CASE("a port that somebody listens on is told as taken", "[netns]") {
  test::requires_root();
  const Veth veth;
  const auto taken = veth.right.run([] {
    base::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_port = htons(5201);
    if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&any), sizeof any) != 0 ||
        ::listen(fd.get(), 1) != 0) {
      throw base::Error("listening");
    }
    return fd;
  });
  const auto report = lab::measure_tcp(veth.tcp(kRight4), veth.stop);
  CHECK(report.obstacle == "cannot listen on 192.0.2.2 port 5201: Address already in use");
}

TEST_CASE("UDP packets on an unimpaired link all arrive, in order and at their pace", "[netns]") {
  test::requires_root();
  const Veth veth;
  for (const auto& to : {kRight4, kRight6}) {
    const auto report = lab::measure_udp(veth.udp(to), veth.stop);
    INFO(to.to_string() << ": " << report.obstacle);
    CHECK(report.sent == 1000);
    CHECK(report.received == 1000);
    CHECK(report.duplicated == 0);
    CHECK(report.reordered == 0);
    CHECK(report.overflowed == 0);
    // 1200 bytes each 500 µs are 19.2 Mbit/s; a busy machine may be late at either end.
    CHECK(report.rate_bps > 17e6);
    CHECK(report.rate_bps < 21e6);
  }
}

TEST_CASE("UDP packets to nowhere count as sent and lost", "[netns]") {
  test::requires_root();
  const Veth veth;
  veth.left.run([] {
    system::Netlink netlink;
    netlink.set_link_up(netlink.link_index("lp0"), false);
    netlink.add_route(netlink.link_index("lo"), base::IpNetwork::parse("192.0.2.2/32").value());
  });
  auto probe = veth.udp(kRight4);
  probe.count = 20;
  const auto report = lab::measure_udp(probe, veth.stop);
  CHECK(report.sent == 20);
  CHECK(report.received == 0);
}

TEST_CASE("UDP packets that are lost at the end lower the rate", "[netns]") {
  test::requires_root();
  const Veth veth;
  auto probe = veth.udp(kRight4);
  probe.count = 1000;
  std::thread cut([&] {
    std::this_thread::sleep_for(100ms);
    veth.right.run([] {
      system::Netlink netlink;
      netlink.set_link_up(netlink.link_index("rp0"), false);
    });
  });
  const auto report = lab::measure_udp(probe, veth.stop);
  cut.join();
  CHECK(report.received >= 2);
  CHECK(report.received < 900);
  // 1200 bytes each 500 µs are 19.2 Mbit/s, of which the share that arrived is left.
  CHECK(report.rate_bps < 19.2e6 * static_cast<double>(report.received) / 999);
  CHECK(report.rate_bps > 0);
}

TEST_CASE("plaintext on a link is found", "[netns]") {
  test::requires_root();
  const Veth veth;
  const auto report = lab::search_plaintext(veth.plaintext(), veth.stop);
  INFO(report.obstacle);
  CHECK(report.udp_arrived);
  CHECK(report.tcp_arrived);
  CHECK(report.capture_lost == 0);
  CHECK(report.found >= 4);  // a datagram and a segment, each at both ends
  INFO(report.first_found);
  CHECK(report.first_found.ends_with(": 558 bytes, the marker at byte 42"));
}

TEST_CASE("a search for what is not sent finds nothing, and shows what it saw", "[netns]") {
  test::requires_root();
  const Veth veth, other;
  auto probe = veth.plaintext();
  probe.link = {{other.left.fd(), "lp0"}, {other.right.fd(), "rp0"}};
  const auto report = lab::search_plaintext(probe, veth.stop);
  CHECK(report.tcp_arrived);
  CHECK(report.found == 0);
  CHECK(report.bytes < report.sent_bytes);
}

TEST_CASE("a table of listeners knows who listens now", "[netns]") {
  test::requires_root();
  const test::TestNetns node;
  const lab::ListenTable tcp(node.fd(), lab::ListenTable::Protocol::tcp);
  const lab::ListenTable udp(node.fd(), lab::ListenTable::Protocol::udp);
  CHECK_FALSE(tcp.has(8080));
  const auto open = [&](int type) {
    return node.run([&] {
      base::Fd fd(::socket(AF_INET6, type | SOCK_CLOEXEC, 0));
      sockaddr_in6 any{};
      any.sin6_family = AF_INET6;
      any.sin6_port = htons(8080);
      if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&any), sizeof any) != 0) {
        throw base::Error("binding");
      }
      return fd;
    });
  };
  const base::Fd stream = open(SOCK_STREAM);
  CHECK_FALSE(tcp.has(8080));  // bound, but nobody listens yet
  REQUIRE(::listen(stream.get(), 1) == 0);
  CHECK(tcp.has(8080));
  CHECK_FALSE(udp.has(8080));
  const base::Fd datagrams = open(SOCK_DGRAM);
  CHECK(udp.has(8080));
}

TEST_CASE("an interface's counters have sysfs's names and count", "[netns]") {
  test::requires_root();
  const Veth veth;
  const auto before = lab::interface_counters(veth.left.fd(), "lp0");
  REQUIRE(before.size() >= 23);
  CHECK(lab::ping_series(veth.ping(kRight4), 10, 1ms, veth.stop).received == 10);
  const auto after = lab::interface_counters(veth.left.fd(), "lp0");
  CHECK(after.at("tx_packets") >= before.at("tx_packets") + 10);
  CHECK(after.at("rx_bytes") >= before.at("rx_bytes") + 10 * 98);
  CHECK_THROWS_AS(lab::interface_counters(veth.left.fd(), "nope0"), base::SystemError);
}
