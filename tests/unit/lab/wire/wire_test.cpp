// A wire between two namespaces: real devices, real stacks.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "support/wire_pair.hpp"

using namespace warren;
using namespace warren::test;

namespace {

constexpr lab::LinkId kLink{0};

std::uint64_t count_of(const lab::WireCounters& counters, impair::Verdict verdict) {
  return counters.verdicts[static_cast<std::size_t>(verdict)];
}

/// What entered has passed or met another end, or is on its way.
bool adds_up(const lab::WireCounters& counters) {
  return counters.frames ==
         std::accumulate(counters.verdicts.begin(), counters.verdicts.end(), counters.held_frames);
}

impair::Settings delayed(base::Duration delay) {
  impair::Settings settings;
  settings.delay = delay;
  return settings;
}

/// How often the thread of this name has slept; 0 when there is none.
std::uint64_t wake_ups_of(const std::string& name) {
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string comm;
    std::getline(std::ifstream(task.path() / "comm") >> std::ws, comm);
    if (comm != name) continue;
    std::ifstream status(task.path() / "status");
    for (std::string key; status >> key;) {
      std::uint64_t value = 0;
      if (key == "voluntary_ctxt_switches:" && status >> value) return value;
    }
  }
  return 0;
}

}  // namespace

TEST_CASE("an all-pass wire carries datagrams and streams unchanged") {
  requires_root();
  WirePair pair;
  CHECK(datagram_passes(pair.left(), pair.right()));
  CHECK(datagram_passes(pair.right(), pair.left(), 1));
  CHECK(datagram_passes(pair.left(), pair.right(), 8000));
  CHECK(stream_passes(pair.left(), pair.right(), 32 << 20));
  CHECK(stream_passes(pair.right(), pair.left(), 32 << 20, true));
  for (const std::uint8_t direction : {std::uint8_t{0}, std::uint8_t{1}}) {
    const auto counters = pair.counters(direction);
    CHECK(adds_up(counters));
    CHECK(counters.frames > (32U << 20) / 1500);
    CHECK(count_of(counters, impair::Verdict::passed) == counters.frames - counters.held_frames);
    CHECK(counters.refused + counters.malformed == 0);
  }
  CHECK(pair.wire().failure().empty());
}

TEST_CASE("streams pass with jumbo frames, with the smallest MTU of IPv6, and without offloads") {
  requires_root();
  struct Case {
    std::uint32_t mtu;
    system::TunOffload offload;
  };
  for (const auto [mtu, offload] :
       {Case{9000, system::TunOffload::uso}, Case{65521, system::TunOffload::uso},
        Case{1280, system::TunOffload::uso}, Case{1500, system::TunOffload::tso},
        Case{1500, system::TunOffload::checksum}, Case{1500, system::TunOffload::none}}) {
    CAPTURE(mtu, static_cast<int>(offload));
    WirePair pair({.mtu = mtu, .offload = offload});
    CHECK(stream_passes(pair.left(), pair.right(), 8 << 20));
    CHECK(stream_passes(pair.right(), pair.left(), 8 << 20, true));
    CHECK(datagram_passes(pair.left(), pair.right(), 3000));
  }
}

TEST_CASE("super-packets are cut into frames of the MTU before they are judged") {
  requires_root();
  WirePair pair;
  REQUIRE(stream_passes(pair.left(), pair.right(), 16 << 20));
  const auto counters = pair.counters(0);
  CHECK(counters.frames >= (16U << 20) / 1448);
  CHECK(counters.bytes / counters.frames <= 1514);
}

TEST_CASE("a stream survives loss, duplicates, reordering and flipped bits unchanged") {
  requires_root();
  impair::Settings settings = delayed(1ms);
  settings.loss = impair::BernoulliLoss{0.01};
  settings.duplicate = 0.02;
  settings.corrupt = 0.01;
  settings.reorder = impair::Reordering{.p = 0.02, .ahead = {}};
  settings.jitter = impair::Jitter{200us, impair::Distribution::normal};
  WirePair pair({.settings = {settings, delayed(1ms)}, .wire = {.seed = 7}});
  CHECK(stream_passes(pair.left(), pair.right(), 8 << 20));
  const auto counters = pair.counters(0);
  CHECK(adds_up(counters));
  CHECK(count_of(counters, impair::Verdict::lost) > 0);
  CHECK(counters.duplicated > 0);
  CHECK(counters.corrupted > 0);
  CHECK(counters.reordered > 0);
}

TEST_CASE("a delay is kept, and its lateness is told") {
  requires_root();
  WirePair pair({.settings = {delayed(30ms), delayed(20ms)}});
  REQUIRE(datagram_passes(pair.left(), pair.right()));  // the addresses are known from here on
  const auto sender = bound_socket(pair.left(), SOCK_DGRAM, "10.7.0.1:0");
  const auto receiver = bound_socket(pair.right(), SOCK_DGRAM, "10.7.0.2:7000");
  auto shortest = std::chrono::steady_clock::duration::max();
  for (int round = 0; round < 5; ++round) {
    const auto began = std::chrono::steady_clock::now();
    send_to(sender, "10.7.0.2:7000", pattern(100, 1));
    REQUIRE(receive(receiver));
    const auto took = std::chrono::steady_clock::now() - began;
    CHECK(took >= 30ms);
    shortest = std::min(shortest, took);
  }
  CHECK(shortest < 60ms);  // this thread may be kept from running in one round, not in each
  const auto counters = pair.counters(0);
  CHECK(counters.late_p50_ns > 0);
  CHECK(counters.late_p50_ns <= counters.late_p99_ns);
  CHECK(counters.late_p99_ns <= counters.late_max_ns);
}

TEST_CASE("settings change while frames pass, in one direction") {
  requires_root();
  WirePair pair;
  REQUIRE(datagram_passes(pair.left(), pair.right()));
  impair::Settings lossy;
  lossy.loss = impair::BernoulliLoss{1};
  pair.wire().change(kLink, 0, lossy);
  CHECK(std::holds_alternative<impair::BernoulliLoss>(pair.wire().settings(kLink, 0).loss));
  CHECK(std::holds_alternative<std::monostate>(pair.wire().settings(kLink, 1).loss));
  const auto sender = bound_socket(pair.left(), SOCK_DGRAM, "10.7.0.1:0");
  const auto receiver = bound_socket(pair.right(), SOCK_DGRAM, "10.7.0.2:7000");
  send_to(sender, "10.7.0.2:7000", pattern(100, 1));
  CHECK_FALSE(receive(receiver, 200ms));
  CHECK(count_of(pair.counters(0), impair::Verdict::lost) >= 1);
  pair.wire().change(kLink, 0, {});
  send_to(sender, "10.7.0.2:7000", pattern(100, 2));
  CHECK(receive(receiver) == pattern(100, 2));
  CHECK_THROWS_AS(pair.wire().change(lab::LinkId{7}, 0, {}), base::Error);
}

TEST_CASE("a link that is down in both directions has no carrier, and has one again") {
  requires_root();
  WirePair pair;
  const auto running = [&](bool wanted) {
    return eventually(
        [&] { return pair.device(0).running == wanted && pair.device(1).running == wanted; });
  };
  CHECK(running(true));
  impair::Settings down;
  down.up = false;
  pair.wire().change(kLink, 0, down);
  CHECK(running(true));
  const auto sender = bound_socket(pair.left(), SOCK_DGRAM, "10.7.0.1:0");
  send_to(sender, "10.7.0.2:7000", pattern(100, 1));
  CHECK(eventually([&] { return count_of(pair.counters(0), impair::Verdict::link_down) > 0; }));
  pair.wire().change(kLink, 1, down);
  CHECK(running(false));
  pair.wire().change(kLink, 0, {});
  CHECK(running(true));
  pair.wire().change(kLink, 1, {});
  CHECK(datagram_passes(pair.left(), pair.right()));
}

TEST_CASE("what a device drops because its link is down counts as that, not as an overrun") {
  requires_root();
  WirePair pair({.ipv6 = false});
  REQUIRE(datagram_passes(pair.left(), pair.right()));
  impair::Settings down;
  down.up = false;
  pair.wire().change(kLink, 0, down);
  pair.wire().change(kLink, 1, down);
  const auto sender = bound_socket(pair.left(), SOCK_DGRAM, "10.7.0.1:0");
  // The kernel goes on sending for up to a second.
  CHECK(eventually([&] {
    send_to(sender, "10.7.0.2:9", pattern(100, 1));
    return !pair.device(0).running;
  }));
  for (int round = 0; round < 10; ++round) send_to(sender, "10.7.0.2:9", pattern(100, 1));
  pair.wire().change(kLink, 0, {});
  pair.wire().change(kLink, 1, {});
  CHECK(pair.device(0).running);
  CHECK(datagram_passes(pair.left(), pair.right()));
  const auto counters = pair.counters(0);
  CHECK(count_of(counters, impair::Verdict::link_down) >= pair.device(0).transmit_dropped);
  CHECK(count_of(counters, impair::Verdict::overrun) == 0);
  CHECK(adds_up(counters));
}

TEST_CASE("a link that starts down has no carrier until it is up") {
  requires_root();
  impair::Settings down;
  down.up = false;
  WirePair pair({.settings = {down, down}});
  CHECK(eventually([&] { return !pair.device(0).running && !pair.device(1).running; }));
  pair.wire().change(kLink, 0, {});
  pair.wire().change(kLink, 1, {});
  CHECK(eventually([&] { return pair.device(0).running && pair.device(1).running; }));
  CHECK(datagram_passes(pair.left(), pair.right()));
}

TEST_CASE("frames to a device that is down are refused, and counted") {
  requires_root();
  WirePair pair;
  REQUIRE(datagram_passes(pair.left(), pair.right()));
  system::Netlink netlink(pair.netns(1).fd());
  netlink.set_link_up(netlink.link_index("eth0"), false);
  const auto before = pair.counters(0);
  const auto sender = bound_socket(pair.left(), SOCK_DGRAM, "10.7.0.1:0");
  send_to(sender, "10.7.0.2:7000", pattern(100, 1));
  CHECK(eventually([&] { return pair.counters(0).refused > before.refused; }));
  CHECK(adds_up(pair.counters(0)));
  netlink.set_link_up(netlink.link_index("eth0"), true);
  CHECK(datagram_passes(pair.left(), pair.right()));
}

TEST_CASE("a device that is deleted takes its link down, and no other") {
  requires_root();
  WirePair pair({.more_links = 1});
  REQUIRE(datagram_passes(pair.left(0), pair.right(0)));
  system::Netlink netlink(pair.netns(1).fd());
  netlink.delete_link(netlink.link_index("eth0"));
  const auto sender = bound_socket(pair.left(0), SOCK_DGRAM, "10.7.0.1:0");
  for (int round = 0; round < 20; ++round) send_to(sender, "10.7.0.2:7000", pattern(100, 1));
  CHECK(eventually([&] { return pair.counters(0, 0).refused > 0; }));
  impair::Settings down;
  down.up = false;
  pair.wire().change(lab::LinkId{0}, 0, down);
  pair.wire().change(lab::LinkId{0}, 1, down);
  CHECK(datagram_passes(pair.left(1), pair.right(1)));
  CHECK(stream_passes(pair.left(1), pair.right(1), 1 << 20));
  CHECK(pair.wire().failure().empty());
}

TEST_CASE("what does not fit into the memory is an overrun, and nothing else is lost by it") {
  requires_root();
  WirePair pair(
      {.settings = {delayed(1s), {}}, .wire = {.frame_bytes = 1 << 20}, .ipv6 = false});
  REQUIRE(datagram_passes(pair.left(), pair.right()));
  const auto sender = bound_socket(pair.left(), SOCK_DGRAM, "10.7.0.1:0");
  for (int round = 0; round < 2000; ++round) send_to(sender, "10.7.0.2:7000", pattern(1400, 1));
  const auto counters = pair.counters(0);
  CHECK(adds_up(counters));
  CHECK(count_of(counters, impair::Verdict::overrun) > 1000);
  CHECK(counters.held_frames > 500);
  CHECK(eventually([&] { return pair.counters(0).held_frames == 0; }));
  CHECK(stream_passes(pair.left(), pair.right(), 1 << 18));
}

TEST_CASE("frames that the device's queue had no room for are an overrun") {
  requires_root();
  WirePair pair;
  REQUIRE(datagram_passes(pair.left(), pair.right()));
  // A queue of one packet, and bursts that fill it before the wire's thread wakes.
  system::Netlink netlink(pair.netns(0).fd());
  netlink.set_transmit_queue_length(netlink.link_index("eth0"), 1);
  const auto sender = bound_socket(pair.left(), SOCK_DGRAM, "10.7.0.1:0");
  CHECK(eventually([&] {
    for (int round = 0; round < 1000; ++round) send_to(sender, "10.7.0.2:7000", pattern(10, 1));
    return count_of(pair.counters(0), impair::Verdict::overrun) > 0;
  }));
  CHECK(count_of(pair.counters(0), impair::Verdict::overrun) == pair.device(0).transmit_dropped);
  CHECK(adds_up(pair.counters(0)));
}

TEST_CASE("a hundred links work side by side, and nothing wakes them when nothing passes") {
  requires_root();
  WirePair pair({.settings = {delayed(1ms), delayed(1ms)}, .more_links = 99, .ipv6 = false});
  for (const int link : {0, 1, 50, 98, 99}) {
    CAPTURE(link);
    CHECK(datagram_passes(pair.left(link), pair.right(link)));
    CHECK(stream_passes(pair.right(link), pair.left(link), 1 << 20));
  }
  // The streams end with a pause; neighbours are confirmed by ARP within 5 s only when in use.
  std::this_thread::sleep_for(300ms);
  const auto before = wake_ups_of("warren-wire");
  std::this_thread::sleep_for(1s);
  CHECK(before > 0);
  CHECK(wake_ups_of("warren-wire") == before);
  CHECK(pair.wire().failure().empty());
}
