// Two engines move packets between two namespaces. See end.hpp for the topology.
#include <catch2/catch_test_macros.hpp>

#include "traffic.hpp"

using namespace warren;
using namespace warren::test;

TEST_CASE("a datagram passes through the tunnel") {
  requires_root();
  TunnelPair pair;
  CHECK(datagram_passes(pair.a, pair.b));
  CHECK(datagram_passes(pair.b, pair.a, 1000));
}

TEST_CASE("AES-256-GCM carries datagrams and 16 MiB of TCP each way") {
  requires_root();
  if (!crypto::is_available(crypto::Cipher::aes_256_gcm)) SKIP("this CPU has no AES instructions");
  EndOptions options;
  options.cipher = crypto::Cipher::aes_256_gcm;
  TunnelPair pair(options, options);
  CHECK(datagram_passes(pair.a, pair.b));
  CHECK(datagram_passes(pair.b, pair.a, 1000));
  CHECK(stream_passes(pair.a, pair.b, 16 << 20));
  CHECK(stream_passes(pair.b, pair.a, 16 << 20, true));
}

TEST_CASE("64 MiB of TCP arrive unchanged each way, and super-packets carry them") {
  requires_root();
  TunnelPair pair;
  CHECK(stream_passes(pair.a, pair.b, 64 << 20));
  const auto a = pair.a.statistics();
  const auto b = pair.b.statistics();
  // One read, send, receive and write moves many packets.
  CHECK(a.tun_read_packets > 10 * a.tun_reads);
  CHECK(a.tun_read_bytes > 64 << 20);
  CHECK(a.udp_send_datagrams > 10 * a.udp_sends);
  CHECK(b.udp_receive_datagrams > 10 * b.udp_receives);
  CHECK(b.tun_write_packets > 10 * b.tun_writes);
  CHECK(stream_passes(pair.b, pair.a, 64 << 20, true));
}
