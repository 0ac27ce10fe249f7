#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <deque>
#include <random>
#include <utility>
#include <vector>

#include <warren/protocol/limits.hpp>
#include <warren/protocol/staging.hpp>

using namespace warren;
using protocol::kMaxStagedPackets;
using protocol::StagedPackets;
using protocol::StagingArena;
using Push = protocol::StagedPackets::Push;

namespace {

std::vector<std::byte> packet(std::size_t length, unsigned mark) {
  std::vector<std::byte> bytes(length);
  for (std::size_t i = 0; i < length; ++i)
    bytes[i] = static_cast<std::byte>(mark + i * 7 + i / 256);
  return bytes;
}

std::vector<std::byte> pop(StagedPackets& staged, StagingArena& arena) {
  std::vector<std::byte> bytes(staged.front_length());
  staged.pop_into(arena, bytes.data());
  return bytes;
}

}  // namespace

TEST_CASE("packets of all sizes come out as they went in, oldest first") {
  StagingArena arena;
  StagedPackets staged;
  const std::size_t lengths[] = {0,    1,    2047, 2048,   2049,
                                 4096, 4097, 9000, 65'535, StagingArena::kMaxPacketBytes};
  for (const auto length : lengths) {
    CHECK(staged.push(arena, packet(length, 3)) == Push::stored);
  }
  CHECK(staged.count() == std::size(lengths));
  for (const auto length : lengths) CHECK(pop(staged, arena) == packet(length, 3));
  CHECK(staged.empty());
  CHECK(arena.free_blocks() == StagingArena::kBlocks);
}

TEST_CASE("a packet larger than any packet is not stored") {
  StagingArena arena;
  StagedPackets staged;
  CHECK(staged.push(arena, packet(StagingArena::kMaxPacketBytes + 1, 0)) == Push::dropped_new);
  CHECK(staged.empty());
}

TEST_CASE("of more than the bound the oldest is dropped") {
  StagingArena arena;
  StagedPackets staged;
  for (unsigned i = 0; i < kMaxStagedPackets; ++i) {
    REQUIRE(staged.push(arena, packet(100, i)) == Push::stored);
  }
  CHECK(staged.push(arena, packet(100, 900)) == Push::dropped_oldest);
  CHECK(staged.count() == kMaxStagedPackets);
  CHECK(pop(staged, arena) == packet(100, 1));
}

TEST_CASE("a peer alone leaves as many blocks free as it holds, and then drops its own oldest") {
  StagingArena arena;
  StagedPackets staged;
  // 33 blocks each: 62 are half of the arena, fewer than the bound on packets.
  const std::size_t fits = StagingArena::kBlocks / 2 / 33;
  for (unsigned i = 0; i < fits; ++i) {
    REQUIRE(staged.push(arena, packet(StagingArena::kMaxPacketBytes, i)) == Push::stored);
  }
  CHECK(staged.push(arena, packet(StagingArena::kMaxPacketBytes, 900)) == Push::dropped_oldest);
  CHECK(staged.count() == fits);
  CHECK(pop(staged, arena) == packet(StagingArena::kMaxPacketBytes, 1));
}

TEST_CASE("peers that keep sending to nobody leave room for one that comes later") {
  StagingArena arena;
  std::vector<StagedPackets> hogs(40);
  const auto all_send = [&](unsigned mark) {
    for (auto& hog : hogs) hog.push(arena, packet(1420, mark));
  };
  SECTION("in turns") {
    for (unsigned i = 0; i < 300; ++i) all_send(i);
  }
  SECTION("one after the other, each as much as it may hold") {
    for (auto& hog : hogs) {
      for (unsigned i = 0; i < kMaxStagedPackets; ++i) hog.push(arena, packet(1420, i));
    }
    for (unsigned i = 0; i < 3; ++i) all_send(i);
  }
  StagedPackets newcomer;
  constexpr unsigned kPackets = 32;
  for (unsigned i = 0; i < kPackets; ++i) {
    REQUIRE(newcomer.push(arena, packet(1420, 500 + i)) == Push::stored);
    all_send(i);
  }
  CHECK(newcomer.count() == kPackets);
  for (unsigned i = 0; i < kPackets; ++i) CHECK(pop(newcomer, arena) == packet(1420, 500 + i));
  // Shared, not spared: little more is free than one of them has.
  CHECK(arena.free_blocks() < 2 * StagingArena::kBlocks / hogs.size());
}

// It takes as many peers as there are blocks to fill the arena: a peer with packets of its own
// leaves room, as tested above.
TEST_CASE("where other peers hold the arena a new packet is dropped, and nobody else's") {
  StagingArena arena;
  std::vector<StagedPackets> others(StagingArena::kBlocks);
  for (auto& other : others) REQUIRE(other.push(arena, packet(64, 3)) == Push::stored);
  REQUIRE(arena.free_blocks() == 0);
  StagedPackets staged;
  CHECK(staged.push(arena, packet(64, 0)) == Push::dropped_new);
  CHECK(staged.empty());

  SECTION("a peer with packets of its own gives up its oldest") {
    CHECK(others[0].push(arena, packet(64, 77)) == Push::dropped_oldest);
    CHECK(others[0].count() == 1);
    CHECK(pop(others[0], arena) == packet(64, 77));
  }
  SECTION("one that would have to give up all and still not fit gives up nothing") {
    CHECK(others[0].push(arena, packet(4096, 6)) == Push::dropped_new);
    CHECK(pop(others[0], arena) == packet(64, 3));
  }
  // others[0] is the one that the sections changed.
  for (std::size_t i = 1; i < others.size(); ++i) REQUIRE(others[i].count() == 1);
}

TEST_CASE("clearing gives everything back and says how many packets there were") {
  StagingArena arena;
  StagedPackets staged;
  for (unsigned i = 0; i < 10; ++i) staged.push(arena, packet(5000, i));
  CHECK(staged.clear(arena) == 10);
  CHECK(staged.clear(arena) == 0);
  CHECK(arena.free_blocks() == StagingArena::kBlocks);
}

TEST_CASE("packets move with the peer that holds them") {
  StagingArena arena;
  StagedPackets staged;
  staged.push(arena, packet(3000, 9));
  StagedPackets moved(std::move(staged));
  CHECK(moved.count() == 1);
  CHECK(pop(moved, arena) == packet(3000, 9));
}

TEST_CASE("peers that share the arena at random keep their own packets in order") {
  constexpr unsigned kSeed = 11;
  CAPTURE(kSeed);
  std::mt19937 random(kSeed);
  StagingArena arena;
  std::vector<StagedPackets> staged(40);
  std::vector<std::deque<std::vector<std::byte>>> naive(staged.size());
  std::size_t overflowed = 0;
  for (unsigned i = 0; i < 20'000; ++i) {
    const auto peer = random() % staged.size();
    if (random() % 5 < 3) {
      auto bytes = packet(random() % 10 == 0 ? random() % 65'536 : random() % 3000, i);
      const auto before = staged[peer].count();
      const auto result = staged[peer].push(arena, bytes);
      overflowed += result != Push::stored;
      if (result != Push::dropped_new) {
        const auto dropped = before + 1 - staged[peer].count();
        REQUIRE((dropped > 0) == (result == Push::dropped_oldest));
        naive[peer].push_back(std::move(bytes));
        for (std::size_t n = 0; n < dropped; ++n) naive[peer].pop_front();
      }
    } else if (!staged[peer].empty()) {
      REQUIRE(pop(staged[peer], arena) == naive[peer].front());
      naive[peer].pop_front();
    }
    REQUIRE(staged[peer].count() == naive[peer].size());
  }
  CHECK(overflowed > 100);
  for (auto& one : staged) one.clear(arena);
  CHECK(arena.free_blocks() == StagingArena::kBlocks);
}
