#include "../../../../src/lab/scenario/judge.hpp"

#include <signal.h>

#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <fstream>
#include <string>

#include "../../../../src/lab/scenario/process_text.hpp"
#include "support/temp_dir.hpp"

using namespace warren;
using namespace std::chrono_literals;

namespace {

lab::Target target(const char* text) {
  return {.text = text, .node = lab::NodeId(1), .address = {}};
}
lab::Bound bound(std::optional<double> least, std::optional<double> most, const char* text) {
  return {least, most, text};
}
// As waitpid(2) has them.
constexpr int exited(int status) {
  return status << 8;
}

lab::PingReport pings(std::initializer_list<base::Duration> times, std::uint64_t sent) {
  lab::PingReport report;
  report.sent = sent;
  report.received = times.size();
  report.round_trips = times;
  if (report.received != 0) report.first_reply = *times.begin();
  return report;
}

}  // namespace

TEST_CASE("a round trip outside of its bound is told with what was asked for") {
  lab::ExpectRtt asked;
  asked.to = target("bob");
  asked.p50 = bound(0.066, 0.074, "70ms±4ms");
  const auto finding = judge(asked, pings({82'100us, 82'100us, 70ms}, 3));
  CHECK_FALSE(finding.passed);
  CHECK(finding.message == "p50 82.1 ms, asked for 70ms±4ms (3 of 3 replies)");
}

TEST_CASE("a round trip inside its bound passes, and its figures are kept") {
  lab::ExpectRtt asked;
  asked.to = target("bob");
  asked.p50 = bound(0.066, 0.074, "70ms±4ms");
  const auto finding = judge(asked, pings({69ms, 70ms, 73ms}, 4));
  CHECK(finding.passed);
  CHECK(finding.message.empty());
  REQUIRE(finding.figures.size() == 6);
  CHECK(finding.figures[1].name == "p50");
  CHECK(finding.figures[1].bound == "70ms±4ms");
  CHECK(finding.figures[5].name == "loss");
  CHECK(finding.figures[5].value == 0.25);
  CHECK_FALSE(finding.figures[5].bound);
}

TEST_CASE("every bound that is missed is named") {
  lab::ExpectRtt asked;
  asked.to = target("bob");
  asked.min = bound({}, 0.001, "<1ms");
  asked.loss = bound({}, 0, "0%");
  CHECK(judge(asked, pings({2ms}, 2)).message ==
        "min 2 ms, asked for <1ms; loss 50%, asked for 0% (1 of 2 replies)");
}

TEST_CASE("a series without any reply fails, unless all had to be lost") {
  lab::ExpectRtt asked;
  asked.to = target("bob");
  auto seen = pings({}, 20);
  seen.obstacle = "No route to host, says 10.0.0.1";
  CHECK(judge(asked, seen).message ==
        "no reply from bob to 20 requests: No route to host, says 10.0.0.1");
  asked.loss = bound(1, 1, "100%");
  CHECK(judge(asked, seen).passed);
}

TEST_CASE("an echo that is not answered says for how long, how often and what came instead") {
  lab::ExpectPing asked;
  asked.to = target("bob@wr0");
  auto seen = pings({}, 20);
  seen.obstacle = "Network is unreachable";
  CHECK(judge(asked, seen).message ==
        "no reply from bob@wr0 within 1 s (20 requests; Network is unreachable)");
}

TEST_CASE("an echo that is answered fails where nobody should be reachable") {
  lab::ExpectPing asked;
  asked.to = target("bob");
  asked.reachable = false;
  CHECK(judge(asked, pings({}, 20)).passed);
  const auto finding = judge(asked, pings({3ms}, 1));
  CHECK_FALSE(finding.passed);
  CHECK(finding.message == "bob replied after 3 ms, but should not be reachable");
}

TEST_CASE("a transfer that was too slow is told with its retransmissions") {
  lab::ExpectTcp asked;
  asked.rate = bound(12e6, {}, ">=12Mbit");
  lab::TcpReport seen;
  seen.bytes = 1'000'000;
  seen.took = 2s;
  seen.rate_bps = 4e6;
  seen.retransmissions = 7;
  seen.congestion = "cubic";
  CHECK(judge(asked, seen).message ==
        "rate 4 Mbit/s, asked for >=12Mbit (1000000 bytes in 2 s, 7 retransmissions, cubic)");
  seen.rate_bps = 13e6;
  CHECK(judge(asked, seen).passed);
}

TEST_CASE("a transfer that broke fails even where no rate was asked for") {
  lab::TcpReport seen;
  seen.obstacle = "no connection to 10.0.0.2 port 5201: Connection timed out";
  const auto finding = judge(lab::ExpectTcp{}, seen);
  CHECK_FALSE(finding.passed);
  CHECK(finding.message.starts_with("no connection to 10.0.0.2 port 5201"));
}

TEST_CASE("packets that the probe itself lost are not the network's loss") {
  lab::ExpectUdp asked;
  lab::UdpReport seen;
  seen.sent = 100;
  seen.received = 90;
  seen.overflowed = 10;
  CHECK(judge(asked, seen, false).message ==
        "the probe's own socket dropped 10 packets: the machine is too busy for it (90 of 100 "
        "packets arrived)");
  CHECK(judge(asked, seen, true).passed);
}

TEST_CASE("loss, reordering and duplication are shares of what they can happen to") {
  lab::ExpectUdp asked;
  asked.loss = bound(0.005, 0.015, "0.5%..1.5%");
  lab::UdpReport seen;
  seen.sent = 1000;
  seen.received = 800;
  seen.reordered = 8;
  seen.duplicated = 20;
  const auto finding = judge(asked, seen, false);
  CHECK(finding.message == "loss 20%, asked for 0.5%..1.5% (800 of 1000 packets arrived)");
  CHECK(finding.figures[1].value == 0.01);
  CHECK(finding.figures[2].value == 0.02);
}

TEST_CASE("a search for plaintext only counts when the data arrived and the link carried it") {
  lab::ExpectNoPlaintext asked;
  asked.marker = "CANARY";
  asked.to = target("bob@wr0");
  lab::PlaintextReport seen;
  seen.frames = 40;
  seen.bytes = 20'000;
  seen.sent_bytes = 17'000;
  seen.udp_arrived = seen.tcp_arrived = true;
  CHECK(judge(asked, "wan", seen).passed);
  SECTION("found") {
    seen.found = 2;
    seen.first_found = "frame 3 at eth0: 98 bytes, the marker at byte 42";
    CHECK(judge(asked, "wan", seen).message ==
          "`CANARY` is readable on the link wan: 2 frames (frame 3 at eth0: 98 bytes, the marker "
          "at byte 42)");
  }
  SECTION("another way") {
    seen.bytes = 100;
    CHECK(judge(asked, "wan", seen).message ==
          "the search proves nothing: the link wan carried 100 bytes while 17000 arrived: is it "
          "on the way?");
  }
  SECTION("not arrived") {
    seen.tcp_arrived = false;
    CHECK(judge(asked, "wan", seen).message == "the marker did not arrive at bob@wr0 by TCP");
  }
  SECTION("not all seen") {
    seen.capture_lost = 3;
    CHECK(judge(asked, "wan", seen).message == "the search proves nothing: it missed 3 frames");
  }
}

TEST_CASE("a route is compared in what was asked for only") {
  lab::ExpectRoute asked;
  asked.to = target("bob");
  system::RouteLookup seen;
  seen.gateway = base::IpAddress::parse("10.0.0.1");
  CHECK(judge(asked, seen, "eth0").passed);
  asked.interface = "eth1";
  asked.via = base::IpAddress::parse("10.0.0.254");
  CHECK(judge(asked, seen, "eth0").message ==
        "the gateway is 10.0.0.1, asked for 10.0.0.254; the interface is eth0, asked for eth1");
  CHECK(judge(asked, std::nullopt, "").message == "there is no route to bob");
}

TEST_CASE("a counter that there is not is told with those that there are") {
  lab::ExpectCounters asked;
  asked.values = {{"lots", bound(1, 20, "1..20")}};
  const auto finding = judge(asked, "the link wan", {{"lost", 3}, {"passed", 7}});
  CHECK(finding.message ==
        "the link wan has no counter lots; there are lost, passed (the link wan)");
  asked.values = {{"lost", bound(5, 20, "5..20")}};
  CHECK(judge(asked, "the link wan", {{"lost", 3}}).message ==
        "lost 3, asked for 5..20 (the link wan)");
}

TEST_CASE("a command is judged by its status and its output") {
  lab::ExpectRun asked;
  asked.stdout_contains = "Directory";
  CHECK(judge(asked, {exited(0), "<h1>Directory</h1>", ""}).passed);
  CHECK(judge(asked, {exited(0), "nothing here\nmore", ""}).message ==
        "its output does not contain `Directory`: it is `nothing here`");
  const auto cut = judge(asked, {exited(0), std::string(lab::kMostOutput, 'x'), "", 51427, 0});
  CHECK(
      cut.message.ends_with("(only its first 1.00 MiB were searched, 51427 bytes more were not)"));
  CHECK(cut.detail.ends_with("… (1091811 bytes more)\n"));  // of 1048576, 8192 are shown
  asked.stdout_contains.reset();
  CHECK(judge(asked, {exited(7), "", "curl: (7) Failed to connect\n"}).message ==
        "exited with status 7, asked for status 0; it said `curl: (7) Failed to connect`");
  CHECK(judge(asked, {exited(1), "", "Traceback:\n  line 3\nConnection refused\n\n"}).message ==
        "exited with status 1, asked for status 0; it said `Connection refused`");
  asked.within = 3s;
  CHECK(judge(asked, {std::nullopt, "", ""}).message == "still running after 3 s");
  asked.exit = 7;
  CHECK(judge(asked, {exited(7), "", ""}).passed);
}

TEST_CASE("a pattern that is no regular expression fails instead of throwing") {
  lab::ExpectRun asked;
  asked.stdout_matches = "([";
  CHECK(judge(asked, {exited(0), "x", ""}).message.find("is not a regular expression") !=
        std::string::npos);
}

TEST_CASE("a pattern meets any text in time and without much of a stack") {
  lab::ExpectRun asked;
  const std::string line(std::size_t{1} << 20, 'a');
  for (const char* pattern : {"a.*c", "^(a|b)*c", "(a+)+$x", "(.*)(.*)(.*)(.*)b"}) {
    CAPTURE(pattern);
    asked.stdout_matches = pattern;
    CHECK_FALSE(judge(asked, {exited(0), line, ""}).passed);
  }
  asked.stdout_matches = "(a+)+$";
  CHECK(judge(asked, {exited(0), line, ""}).passed);
  asked.stdout_matches = "(?m)^bad .* byte$";
  CHECK(judge(asked, {exited(0), "\xff\nbad é byte\n\xff", ""}).passed);
}

TEST_CASE("a file is judged by its being there and its text") {
  lab::ExpectFile asked;
  asked.path = "/tmp/x";
  CHECK(judge(asked, std::nullopt).message == "there is no /tmp/x");
  asked.matches = "^ready$";
  CHECK(judge(asked, "ready").passed);
  CHECK(judge(asked, "steady").message == "/tmp/x does not match `^ready$`");
  asked.exists = false;
  CHECK(judge(asked, std::nullopt).passed);
  CHECK(judge(asked, "").message == "/tmp/x exists, but should not");
}

TEST_CASE("a handshake that is missing names the ends") {
  const lab::ExpectHandshake asked;
  CHECK(judge(asked, "wr0", {{"alice", {}, 1, {}}}).passed);
  CHECK(judge(asked, "wr0", {{"alice", {"bob"}, 1, {}}, {"bob", {}, 0, "no tunnel named wr0"}})
            .message ==
        "wr0 at alice has no session with bob; wr0 at bob: no tunnel named wr0 (within 5 s)");
}

TEST_CASE("the end of a process is told by its status or its signal") {
  CHECK(lab::describe_end(exited(3)) == "exited with status 3");
  CHECK(lab::describe_end(SIGSEGV) == "was killed by signal 11 (Segmentation fault)");
}

TEST_CASE("the tail of a log has its last lines") {
  const test::TempDir directory;
  const auto log = directory.path() / "log";
  CHECK(lab::log_tail(log).empty());
  std::ofstream(log) << "one\ntwo\nthree\n";
  CHECK(lab::log_tail(log, 2) == "    | two\n    | three\n");
}

TEST_CASE("what is asked is told in words") {
  lab::Topology topology;
  topology.nodes.emplace_back().name = "alice";
  lab::ExpectPing ping;
  ping.to = target("bob@wr0");
  CHECK(describe(topology, lab::Check(ping)) == "ping from alice to bob@wr0 within 1 s");
  CHECK(lab::kind_of(lab::Check(ping)) == "ping");
  lab::ExpectRtt rtt;
  rtt.to = target("bob");
  rtt.p50 = bound(0.066, 0.074, "70ms±4ms");
  CHECK(describe(topology, lab::Check(rtt)) ==
        "round trip from alice to bob, 20 times, p50 70ms±4ms");
}
