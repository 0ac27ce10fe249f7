// The data path allocates nothing.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cstddef>

#include "support/counting_new.hpp"
#include "support/pair.hpp"

namespace warren::protocol {
namespace {

using namespace test;

TEST_CASE("sealing and opening in an established session allocate nothing") {
  const auto cipher = GENERATE(crypto::Cipher::chacha20_poly1305, crypto::Cipher::aes_256_gcm);
  if (!crypto::is_available(cipher)) SKIP("this CPU has no AES instructions");
  Pair pair({}, 1, cipher);
  pair.establish();
  constexpr std::size_t kPackets = 100;
  constexpr std::size_t kLength = 1200;
  const Packet packet = pair.packet_to_b(kLength);
  std::vector<Packet> rooms(kPackets, Packet(kDataHeaderBytes + kLength + kSealTailBytes));
  std::vector<SealItem> seal_items(kPackets);
  std::vector<OpenItem> open_items(kPackets);
  const base::Path from{.remote = pair.a.endpoint, .local = std::nullopt};
  std::size_t delivered = 0;

  const unsigned allocations = allocations_in([&] {
    for (int round = 0; round < 20; ++round) {
      const auto peer = pair.a.device.route(packet);
      for (std::size_t i = 0; i < kPackets; ++i) {
        std::memcpy(rooms[i].data() + kDataHeaderBytes, packet.data(), kLength);
        seal_items[i] = {.room = rooms[i], .length = kLength};
      }
      if (!pair.a.device.seal(pair.now, *peer, seal_items)) break;
      for (std::size_t i = 0; i < kPackets; ++i) {
        open_items[i] = {};
        open_items[i].datagram = std::span(rooms[i]).first(seal_items[i].datagram_length);
      }
      pair.b.device.open(pair.now, from, open_items);
      for (const OpenItem& item : open_items) delivered += item.packet.size() == kLength ? 1 : 0;
    }
  });
  CHECK(allocations == 0);
  CHECK(delivered == 20 * kPackets);
}

TEST_CASE("staging packets without a session allocates nothing") {
  Pair pair;
  std::vector<Packet> rooms(200, Packet(kDataHeaderBytes + 1000 + kSealTailBytes));
  std::vector<SealItem> items;
  for (Packet& room : rooms) items.push_back({.room = room, .length = 1000});
  bool sealed = true;
  const unsigned allocations =
      allocations_in([&] { sealed = pair.a.device.seal(pair.now, pair.to_b, items).has_value(); });
  CHECK(allocations == 0);
  CHECK_FALSE(sealed);
  CHECK(pair.a.device.status(pair.to_b).staged_packets == kMaxStagedPackets);
}

TEST_CASE("datagrams that are dropped allocate nothing") {
  Pair pair;
  pair.establish();
  std::vector<Packet> datagrams;
  for (std::size_t length = 0; length < 200; ++length) {
    for (unsigned type = 0; type < 6; ++type) {
      Packet& datagram = datagrams.emplace_back(length);
      if (length > 0) datagram[0] = static_cast<std::byte>(type);
    }
  }
  std::vector<OpenItem> items;
  for (Packet& datagram : datagrams) items.push_back({.datagram = datagram, .outer_ecn = 0});
  const base::Path from{.remote = pair.a.endpoint, .local = std::nullopt};
  CHECK(allocations_in([&] { pair.b.device.open(pair.now, from, items); }) == 0);
  CHECK(pair.b.drops(base::Drop::in_unknown_type) > 0);
  CHECK(pair.b.drops(base::Drop::in_unknown_index) > 0);
}

}  // namespace
}  // namespace warren::protocol
