// Every fallback, forced, with real traffic.
#include <catch2/catch_test_macros.hpp>
#include <ctime>

#include "traffic.hpp"

using namespace warren;
using namespace warren::test;

namespace {

void passes_everything(TunnelPair& pair) {
  CHECK(datagram_passes(pair.a, pair.b));
  CHECK(datagram_passes(pair.b, pair.a, 9000));
  CHECK(stream_passes(pair.a, pair.b, 8 << 20));
  CHECK(stream_passes(pair.b, pair.a, 8 << 20, true));
}

}  // namespace

TEST_CASE("without multishot operations traffic passes, through registered buffers") {
  requires_root();
  EndOptions options;
  options.restrictions.multishot = false;
  TunnelPair pair(options, options);
  CHECK(pair.a.feature("tun read") == "single-shot, registered buffers");
  CHECK(pair.a.feature("udp receive") == "single-shot");
  passes_everything(pair);
}

TEST_CASE("without multishot operations and registered buffers traffic passes") {
  requires_root();
  EndOptions options;
  options.restrictions.multishot = false;
  options.restrictions.registered_buffers = false;
  TunnelPair pair(options, options);
  CHECK(pair.a.feature("tun read") == "single-shot");
  passes_everything(pair);
}

TEST_CASE("without UDP segmentation each datagram is sent alone") {
  requires_root();
  EndOptions options;
  options.tuning.udp_segmentation = false;
  TunnelPair pair(options, options);
  passes_everything(pair);
  const auto sent = pair.a.statistics();
  CHECK(sent.udp_sends == sent.udp_send_datagrams);
  CHECK(pair.a.feature("udp segmentation") == "off");
}

TEST_CASE("without UDP receive offload each datagram is received alone") {
  requires_root();
  EndOptions options;
  options.tuning.udp_receive_offload = false;
  TunnelPair pair(options, options);
  passes_everything(pair);
  const auto received = pair.b.statistics();
  CHECK(received.udp_receives == received.udp_receive_datagrams);
}

TEST_CASE("a TUN device with fewer offloads, or without the virtio header, carries traffic") {
  requires_root();
  for (const auto offload :
       {system::TunOffload::none, system::TunOffload::checksum, system::TunOffload::tso}) {
    CAPTURE(static_cast<int>(offload));
    EndOptions options;
    options.offload = offload;
    TunnelPair pair(options, options);
    passes_everything(pair);
    const auto written = pair.b.statistics();
    if (offload != system::TunOffload::tso) {
      CHECK(written.tun_writes == written.tun_write_packets);
    }
  }
}

TEST_CASE("zero-copy sends carry traffic, and status says that the kernel copies on the loopback") {
  requires_root();
  if (!engine::probe_ring().send_zero_copy) SKIP("this kernel has no SENDMSG_ZC");
  for (const auto kind : {protocol::Kind::tun, protocol::Kind::tap}) {
    CAPTURE(static_cast<int>(kind));
    EndOptions options;
    options.kind = kind;
    options.tuning.zero_copy = true;
    TunnelPair pair(options, options);
    passes_everything(pair);
    const auto sent = pair.a.statistics();
    CHECK(sent.udp_zero_copy_sends > 50);
    CHECK(sent.udp_zero_copy_sends < sent.udp_sends);  // short messages are copied at once
    CHECK(sent.udp_segment_fallbacks == 0);
    CHECK(eventually([&] {
      const auto now = pair.a.statistics();
      return now.udp_zero_copy_copies == now.udp_zero_copy_sends;
    }));
    const auto state = pair.a.feature("zero-copy send");
    CAPTURE(state);
    CHECK(state.starts_with("on"));
    CHECK(state.find(", but the kernel copies: ") != std::string::npos);
  }
}

TEST_CASE("with two transmit slots held by zero-copy sends nothing is lost") {
  requires_root();
  EndOptions options;
  options.tuning.zero_copy = true;
  options.restrictions.transmit_slots = 2;
  TunnelPair pair(options, options);
  passes_everything(pair);
  CHECK(pair.a.drops(base::Drop::out_no_buffer) == 0);
}

TEST_CASE("a loop that polls carries traffic, and sleeps when there is none") {
  requires_root();
  EndOptions options;
  options.tuning.busy_poll = 200us;
  TunnelPair pair(options, options);
  CHECK(pair.a.feature("busy poll") == "200 us");
  passes_everything(pair);
  const auto cpu_time = [&] {
    timespec spent{};
    pair.a.in_engine([&] { ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent); });
    return std::chrono::seconds(spent.tv_sec) + std::chrono::nanoseconds(spent.tv_nsec);
  };
  std::this_thread::sleep_for(100ms);  // the last acknowledgements
  const auto before = cpu_time();
  std::this_thread::sleep_for(500ms);
  CHECK(cpu_time() - before < 50ms);
}

TEST_CASE("what is forced is told apart from what this machine lacks") {
  requires_root();
  EndOptions options;
  options.offload = system::TunOffload::none;
  options.tuning = {.udp_segmentation = false,
                    .udp_receive_offload = false,
                    .zero_copy = false,
                    .busy_poll = 1us};
  const TestNetns underlay;
  End end(underlay, options);
  std::vector<std::string> forced;
  end.in_engine([&] {
    for (const auto& feature : end.engine().features()) {
      if (feature.forced) forced.push_back(feature.name);
      if (feature.forced) CHECK_FALSE(feature.degraded);
    }
  });
  // A loop that polls never takes precedence.
  CHECK(forced == std::vector<std::string>{"scheduling", "tun offload", "udp ipv4", "udp ipv6",
                                           "udp segmentation", "busy poll"});
}

TEST_CASE("a completion queue that overflows loses no operation") {
  requires_root();
  EndOptions options;
  options.restrictions.completions = 16;
  TunnelPair pair(options, options);
  passes_everything(pair);
}

TEST_CASE("with two transmit slots reading waits for sending, and nothing is lost") {
  requires_root();
  EndOptions options;
  options.restrictions.transmit_slots = 2;
  TunnelPair pair(options, options);
  passes_everything(pair);
  CHECK(pair.a.drops(base::Drop::out_no_buffer) == 0);
}
