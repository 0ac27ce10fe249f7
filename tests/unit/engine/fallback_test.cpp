// Every fallback, forced, with real traffic.
#include <catch2/catch_test_macros.hpp>

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
  options.restrictions.segmentation = false;
  TunnelPair pair(options, options);
  passes_everything(pair);
  const auto sent = pair.a.statistics();
  CHECK(sent.udp_sends == sent.udp_send_datagrams);
  CHECK(pair.a.feature("udp segmentation") == "off");
}

TEST_CASE("without UDP receive offload each datagram is received alone") {
  requires_root();
  EndOptions options;
  options.restrictions.gro = false;
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
