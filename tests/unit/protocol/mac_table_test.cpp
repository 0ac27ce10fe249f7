#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <map>
#include <random>

#include <warren/protocol/limits.hpp>
#include <warren/protocol/mac_table.hpp>

using namespace warren;
using namespace std::chrono_literals;
using base::Instant;
using base::MacAddress;
using protocol::kMacAgeing;
using protocol::kMaxMacEntries;
using protocol::kMaxMacEntriesPerPeer;
using protocol::MacTable;
using protocol::PeerId;
using Learned = protocol::MacTable::Learned;

namespace {

constexpr Instant kStart{1000s};
constexpr PeerId kA{1}, kB{2};

MacAddress mac(std::uint32_t number) {
  MacAddress address;
  address.bytes[0] = std::byte{0x02};
  base::store_be(&address.bytes[2], number);
  return address;
}

/// Entries of as many peers as it takes, each with its full share.
void fill(MacTable& table, std::size_t count) {
  for (std::uint32_t i = 0; i < count; ++i) {
    const PeerId peer(100 + i / static_cast<std::uint32_t>(kMaxMacEntriesPerPeer));
    REQUIRE(table.learn(kStart, mac(i), peer) == Learned::learned);
  }
}

}  // namespace

TEST_CASE("an address is found behind the peer it came from") {
  MacTable table(1);
  CHECK_FALSE(table.lookup(kStart, mac(1)));
  CHECK(table.learn(kStart, mac(1), kA) == Learned::learned);
  CHECK(table.learn(kStart, mac(1), kA) == Learned::known);
  CHECK(table.lookup(kStart, mac(1)) == kA);
  CHECK_FALSE(table.lookup(kStart, mac(2)));
}

TEST_CASE("an address moves to the peer it came from last") {
  MacTable table(1);
  table.learn(kStart, mac(1), kA);
  CHECK(table.learn(kStart, mac(1), kB) == Learned::moved);
  CHECK(table.lookup(kStart, mac(1)) == kB);
  CHECK(table.size() == 1);
}

TEST_CASE("a group address is never learned") {
  MacTable table(1);
  for (const auto* text : {"ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "33:33:00:00:00:01"}) {
    CHECK(table.learn(kStart, *MacAddress::parse(text), kA) == Learned::known);
    CHECK_FALSE(table.lookup(kStart, *MacAddress::parse(text)));
  }
  CHECK(table.size() == 0);
}

TEST_CASE("an address ages unless it is seen again") {
  MacTable table(1);
  table.learn(kStart, mac(1), kA);
  table.learn(kStart, mac(2), kA);
  table.learn(kStart + 200s, mac(1), kA);
  CHECK(table.lookup(kStart + kMacAgeing - 1ns, mac(2)) == kA);
  CHECK_FALSE(table.lookup(kStart + kMacAgeing, mac(2)));
  CHECK(table.lookup(kStart + 200s + kMacAgeing - 1ns, mac(1)) == kA);
  CHECK_FALSE(table.lookup(kStart + 200s + kMacAgeing, mac(1)));
}

TEST_CASE("aged addresses make room when another is learned") {
  MacTable table(1);
  fill(table, kMaxMacEntries);
  CHECK(table.learn(kStart + kMacAgeing - 1ns, mac(900'000), kA) == Learned::full);
  CHECK(table.learn(kStart + kMacAgeing, mac(900'000), kA) == Learned::learned);
  CHECK(table.size() == 1);
}

TEST_CASE("a full table learns nothing new and keeps what it has") {
  MacTable table(1);
  fill(table, kMaxMacEntries);
  CHECK(table.size() == kMaxMacEntries);
  CHECK(table.learn(kStart, mac(900'000), kA) == Learned::full);
  CHECK(table.learn(kStart, mac(5), PeerId(100)) == Learned::known);
  CHECK(table.learn(kStart, mac(5), kA) == Learned::moved);
  for (std::uint32_t i = 0; i < kMaxMacEntries; ++i) REQUIRE(table.lookup(kStart, mac(i)));
}

TEST_CASE("one peer cannot take more than its share") {
  MacTable table(1);
  for (std::uint32_t i = 0; i < kMaxMacEntriesPerPeer; ++i) {
    REQUIRE(table.learn(kStart, mac(i), kA) == Learned::learned);
  }
  table.learn(kStart, mac(500'000), kB);
  CHECK(table.learn(kStart, mac(900'000), kA) == Learned::full);
  SECTION("nor by moving another peer's address") {
    CHECK(table.learn(kStart, mac(500'000), kA) == Learned::full);
    CHECK(table.lookup(kStart, mac(500'000)) == kB);
  }
  SECTION("others still learn") {
    CHECK(table.learn(kStart, mac(900'000), kB) == Learned::learned);
  }
  SECTION("an address that moves away gives its place back") {
    CHECK(table.learn(kStart, mac(0), kB) == Learned::moved);
    CHECK(table.learn(kStart, mac(900'000), kA) == Learned::learned);
  }
}

TEST_CASE("forgetting a peer leaves the others' addresses") {
  MacTable table(1);
  for (std::uint32_t i = 0; i < 1000; ++i) table.learn(kStart, mac(i), i % 3 == 0 ? kA : kB);
  table.forget_peer(kA);
  table.forget_peer(PeerId(77));
  for (std::uint32_t i = 0; i < 1000; ++i) {
    CHECK(table.lookup(kStart, mac(i)) ==
          (i % 3 == 0 ? std::optional<PeerId>{} : std::optional(kB)));
  }
  CHECK(table.size() == 666);
  CHECK(table.learn(kStart, mac(0), kA) == Learned::learned);
}

TEST_CASE("the MAC table agrees with a naive model over random operations") {
  constexpr std::uint32_t kSeed = 20;
  CAPTURE(kSeed);
  struct Known {
    PeerId peer;
    Instant seen;
  };
  std::mt19937 random(kSeed);
  MacTable table(kSeed);
  std::map<MacAddress, Known> naive;
  Instant now = kStart;
  for (int i = 0; i < 100'000; ++i) {
    CAPTURE(i);
    now += std::chrono::milliseconds(random() % 200);
    const auto address = mac(static_cast<std::uint32_t>(random() % 4000));
    const PeerId peer(static_cast<std::uint32_t>(random() % 8));
    if (random() % 20'000 == 0) {
      table.forget_peer(peer);
      std::erase_if(naive, [&](const auto& entry) { return entry.second.peer == peer; });
    } else if (random() % 2 == 0) {
      // 4,000 addresses over 8 peers stay within every bound.
      const auto known = naive.find(address);
      const auto expected = known == naive.end() || now - known->second.seen >= kMacAgeing
                                ? Learned::learned
                                : (known->second.peer == peer ? Learned::known : Learned::moved);
      REQUIRE(table.learn(now, address, peer) == expected);
      naive[address] = {peer, now};
    } else {
      const auto known = naive.find(address);
      const bool fresh = known != naive.end() && now - known->second.seen < kMacAgeing;
      REQUIRE(table.lookup(now, address) ==
              (fresh ? std::optional(known->second.peer) : std::nullopt));
    }
  }
}
