// Which frames belong together, and that this is the same in every run.
#include <catch2/catch_test_macros.hpp>
#include <set>

#include "../../../src/impair/classify.hpp"
#include "run.hpp"

using namespace warren;
using namespace warren::test;
using namespace warren::impair;

namespace {

const Host kClient{"10.0.0.1", 0};
const Host kServer{"10.0.0.2", 80};

Host client(std::uint16_t port) {
  return {kClient.address, port};
}
Frame echo(Host from, Host to, std::uint16_t identifier, bool reply = false) {
  const bool v4 = ip(from.address).is_v4();
  Frame frame = ip_frame(from, to, v4 ? 1 : 58, 98);
  const std::size_t at = v4 ? 34 : 54;
  if (v4)
    frame[at] = reply ? std::byte{0} : std::byte{8};
  else
    frame[at] = reply ? std::byte{129} : std::byte{128};
  base::store_be(&frame[at + 4], identifier);
  return frame;
}
/// An IPv6 frame whose UDP header lies behind `extensions`, the first of which is of type `first`.
Frame with_extensions(std::uint8_t first, const std::vector<std::uint8_t>& extensions) {
  const Frame plain = udp_frame({"fd00::1", 7}, {"fd00::2", 9}, 100);
  Frame frame(plain.size() + extensions.size());
  std::copy_n(plain.begin(), 54, frame.begin());
  frame[20] = std::byte{first};
  base::store_be(&frame[18], static_cast<std::uint16_t>(frame.size() - 54));
  std::ranges::transform(extensions, frame.begin() + 54, [](auto b) { return std::byte{b}; });
  std::copy(plain.begin() + 54, plain.end(),
            frame.begin() + 54 + static_cast<std::ptrdiff_t>(extensions.size()));
  return frame;
}
std::uint64_t flow_of(Run& run, const Frame& frame) {
  const auto fate = run.send(frame);
  run.drain();
  return fate.flow;
}

}  // namespace

TEST_CASE("frames of one flow are numbered from 1") {
  Run run(Settings{});
  for (std::uint64_t i = 1; i <= 3; ++i) CHECK(run.send(plain_frame()).number == i);
  CHECK(run.send(udp_frame({"10.0.0.1", 5001}, {"10.0.0.2", 6000})).number == 1);
}

TEST_CASE("addresses, ports, protocol and VLAN tell flows apart") {
  Run run(Settings{});
  const std::vector<Frame> frames{
      udp_frame({"10.0.0.1", 1}, {"10.0.0.2", 2}),
      udp_frame({"10.0.0.3", 1}, {"10.0.0.2", 2}),
      udp_frame({"10.0.0.1", 1}, {"10.0.0.3", 2}),
      udp_frame({"10.0.0.1", 3}, {"10.0.0.2", 2}),
      udp_frame({"10.0.0.1", 1}, {"10.0.0.2", 3}),
      udp_frame({"10.0.0.2", 2}, {"10.0.0.1", 1}),
      udp_frame({"fd00::1", 1}, {"fd00::2", 2}),
      udp_frame({"fd00::1", 1}, {"fd00:0:0:1::2", 2}),
      tcp_frame({"10.0.0.1", 1}, {"10.0.0.2", 2}, kAck),
      ip_frame({"10.0.0.1", 1}, {"10.0.0.2", 2}, 132, 100),
      ip_frame({"10.0.0.1", 1}, {"10.0.0.2", 2}, 253, 100),
      tagged(udp_frame({"10.0.0.1", 1}, {"10.0.0.2", 2}), 0),
      tagged(udp_frame({"10.0.0.1", 1}, {"10.0.0.2", 2}), 5),
      tagged(tagged(udp_frame({"10.0.0.1", 1}, {"10.0.0.2", 2}), 5), 5),
      frame(mac("02:00:00:00:00:01"), mac("02:00:00:00:00:02"), 60),
      frame(mac("02:00:00:00:00:01"), mac("02:00:00:00:00:03"), 60),
      frame(mac("02:00:00:00:00:04"), mac("02:00:00:00:00:02"), 60),
      Frame(13),
  };
  std::set<std::uint64_t> flows;
  for (const Frame& one : frames) {
    const std::uint64_t flow = flow_of(run, one);
    CHECK(flow_of(run, one) == flow);
    flows.insert(flow);
  }
  CHECK(flows.size() == frames.size());
}

TEST_CASE("a port that the kernel picked does not change the flow") {
  Run one(Settings{});
  Run two(Settings{});
  CHECK(flow_of(one, tcp_frame(client(32768), kServer, kSyn)) ==
        flow_of(two, tcp_frame(client(60999), kServer, kSyn)));
  // The other direction has it as its destination.
  CHECK(flow_of(one, tcp_frame(kServer, client(40'000), kSyn)) ==
        flow_of(two, tcp_frame(kServer, client(41'000), kSyn)));
}

TEST_CASE("flows that differ in such a port only are told apart by their order") {
  Run one(Settings{});
  Run two(Settings{});
  const std::uint64_t first = flow_of(one, tcp_frame(client(40'000), kServer, kSyn));
  const std::uint64_t second = flow_of(one, tcp_frame(client(40'001), kServer, kSyn));
  CHECK(first != second);
  CHECK(flow_of(one, tcp_frame(client(40'000), kServer, kAck)) == first);
  CHECK(flow_of(two, tcp_frame(client(50'001), kServer, kSyn)) == first);
  CHECK(flow_of(two, tcp_frame(client(50'000), kServer, kSyn)) == second);
}

TEST_CASE("a port that somebody chose stays part of the flow") {
  Run one(Settings{});
  Run two(Settings{});
  for (const auto& [a, b] : {std::pair<std::uint16_t, std::uint16_t>{32767, 61000},
                             {1000, 1001},
                             {51820, 51821}}) {  // both in the kernel's range
    CHECK(flow_of(one, udp_frame(client(a), {"10.0.0.2", 51820})) ==
          flow_of(two, udp_frame(client(a), {"10.0.0.2", 51820})));
    CHECK(flow_of(one, udp_frame(client(a), {"10.0.0.2", 51820})) !=
          flow_of(one, udp_frame(client(b), {"10.0.0.2", 51820})));
  }
}

TEST_CASE("a series of echoes is a flow, whatever its identifier") {
  Run one(Settings{});
  Run two(Settings{});
  const auto first = flow_of(one, echo(kClient, kServer, 77));
  CHECK(flow_of(two, echo(kClient, kServer, 88)) == first);
  CHECK(flow_of(one, echo(kClient, kServer, 78)) != first);
  CHECK(flow_of(one, echo(kClient, kServer, 77)) == first);
  CHECK(flow_of(one, echo(kClient, kServer, 77, true)) != first);
  CHECK(flow_of(one, echo({"fd00::1"}, {"fd00::2"}, 5)) ==
        flow_of(two, echo({"fd00::1"}, {"fd00::2"}, 6)));
}

TEST_CASE("all fragments between two hosts are one flow without ports") {
  Run run(Settings{});
  const Frame whole = udp_frame({"10.0.0.1", 7}, {"10.0.0.2", 9}, 200);
  Frame first = whole;
  first[20] = std::byte{0x20};  // more fragments
  Frame second = udp_frame({"10.0.0.1", 1234}, {"10.0.0.2", 4321}, 200);
  second[21] = std::byte{0x17};  // an offset; what would be ports is payload
  CHECK(flow_of(run, first) == flow_of(run, second));
  CHECK(flow_of(run, whole) != flow_of(run, first));
  Frame dont_fragment = whole;
  dont_fragment[20] = std::byte{0x40};
  CHECK(flow_of(run, dont_fragment) == flow_of(run, whole));
}

TEST_CASE("extension headers of IPv6 do not hide the ports") {
  Run run(Settings{});
  const auto expected = flow_of(run, udp_frame({"fd00::1", 7}, {"fd00::2", 9}, 100));
  struct Case {
    std::uint8_t first;
    std::vector<std::uint8_t> bytes;
    bool same;
  };
  const std::vector<Case> cases{
      {0, {17, 0, 0, 0, 0, 0, 0, 0}, true},                           // hop by hop
      {60, {17, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, true},  // 16 bytes of options
      {0, {43, 0, 0, 0, 0, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0, 0}, true},  // and a routing header
      {51, {17, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1}, true},              // authentication: 12 bytes
      {44, {17, 0, 0, 0, 0, 0, 0, 1}, true},                          // an atomic fragment
      {44, {17, 0, 0, 1, 0, 0, 0, 1}, false},                         // the first of several
      {44, {17, 0, 0, 8, 0, 0, 0, 1}, false},                         // a later one
      {0, {17, 200, 0, 0, 0, 0, 0, 0}, false},                        // longer than the packet
  };
  for (std::size_t number = 0; number < cases.size(); ++number) {
    CAPTURE(number);
    const Frame frame = with_extensions(cases[number].first, cases[number].bytes);
    CHECK((flow_of(run, frame) == expected) == cases[number].same);
  }
  // A later fragment is UDP all the same.
  CHECK(classify(with_extensions(44, {17, 0, 0, 8, 0, 0, 0, 1})).kind == Kind::udp);
}

TEST_CASE("ARP is told apart by whom it asks about") {
  const auto arp = [](std::uint32_t sender, std::uint32_t target) {
    Frame frame(42);
    base::store_be(&frame[12], std::uint16_t{0x0806});
    base::store_be(&frame[16], std::uint16_t{0x0800});
    base::store_be(&frame[28], sender);
    base::store_be(&frame[38], target);
    return frame;
  };
  Run run(Settings{});
  const auto flow = flow_of(run, arp(1, 2));
  CHECK(flow_of(run, arp(1, 2)) == flow);
  CHECK(flow_of(run, arp(1, 3)) != flow);
  CHECK(flow_of(run, arp(3, 2)) != flow);
  Frame cut = arp(1, 2);
  cut.resize(20);
  CHECK(flow_of(run, cut) != flow);
  CHECK(classify(cut).kind == Kind::arp);
}

TEST_CASE("a frame cut off anywhere is looked at no further") {
  const std::vector<Frame> frames{
      tagged(tagged(tcp_frame(client(1), kServer, kSyn), 1), 2),
      echo(kClient, kServer, 1),
      with_extensions(0, {43, 0, 0, 0, 0, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0, 0}),
      with_extensions(51, {17, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1}),
      with_extensions(44, {17, 0, 0, 0, 0, 0, 0, 1}),
  };
  for (const Frame& whole : frames) {
    for (std::size_t bytes = 0; bytes <= whole.size(); ++bytes) {
      // A buffer of its own, so that a sanitizer sees one byte too far.
      const Frame cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(bytes));
      CHECK(classify(cut).payload_offset <= bytes);
    }
  }
}

TEST_CASE("beyond the limit the flow unused for longest is forgotten") {
  Run run(Settings{}, {.frames = 16, .flows = 3});
  const auto send = [&](std::uint16_t port) {
    const auto fate = run.send(udp_frame({"10.0.0.1", port}, {"10.0.0.2", 1}));
    run.drain();
    return fate.number;
  };
  CHECK(send(1) == 1);
  CHECK(send(2) == 1);
  CHECK(send(3) == 1);
  CHECK(send(1) == 2);
  CHECK(send(4) == 1);  // instead of 2
  CHECK(send(1) == 3);
  CHECK(send(3) == 2);
  CHECK(send(2) == 1);  // instead of 4
  CHECK(send(1) == 4);
  CHECK(send(3) == 3);
  CHECK(send(4) == 1);
}
