// The data path allocates nothing: operator new counts what the engines' threads ask for.
#include <catch2/catch_test_macros.hpp>

#include "support/counting_new.hpp"
#include "traffic.hpp"

using namespace warren;
using namespace warren::test;

TEST_CASE("after start-up the data path allocates nothing") {
  requires_root();
  for (const auto kind : {protocol::Kind::tun, protocol::Kind::tap}) {
    for (const bool multishot : {true, false}) {
      // The other cipher takes part where it costs no further round.
      const bool is_gcm =
          kind == protocol::Kind::tap && crypto::is_available(crypto::Cipher::aes_256_gcm);
      CAPTURE(static_cast<int>(kind), multishot, is_gcm);
      EndOptions options;
      options.kind = kind;
      if (is_gcm) options.cipher = crypto::Cipher::aes_256_gcm;
      options.restrictions.multishot = multishot;
      options.on_thread_start = [] { count_this_thread(); };
      TunnelPair pair(options, options);
      REQUIRE(datagram_passes(pair.a, pair.b));
      REQUIRE(stream_passes(pair.a, pair.b, 1 << 20));
      start_counting();
      CHECK(datagram_passes(pair.b, pair.a, 4000));
      CHECK(stream_passes(pair.a, pair.b, 16 << 20));
      CHECK(stream_passes(pair.b, pair.a, 16 << 20, true));
      CHECK(stop_counting() == 0);
    }
  }
}
