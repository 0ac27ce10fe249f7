// The data path allocates nothing: while a test says so, operator new aborts.
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <cstdlib>
#include <new>

#include "support/pair.hpp"

namespace {
std::atomic<bool> allocation_forbidden = false;

void* allocate(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) noexcept {
  if (allocation_forbidden) std::abort();
  // aligned_alloc wants a size that is a multiple of the alignment.
  return std::aligned_alloc(alignment, (bytes / alignment + 1) * alignment);
}
void* allocate_or_throw(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) {
  if (void* memory = allocate(bytes, alignment)) return memory;
  throw std::bad_alloc();
}
}  // namespace

// All of them, or a sanitizer finds its own new beside our delete.
void* operator new(std::size_t bytes) {
  return allocate_or_throw(bytes);
}
void* operator new[](std::size_t bytes) {
  return allocate_or_throw(bytes);
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return allocate(bytes);
}
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept {
  return allocate(bytes);
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return allocate_or_throw(bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
  return allocate_or_throw(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

namespace warren::protocol {
namespace {

using namespace test;

TEST_CASE("sealing and opening in an established session allocate nothing") {
  Pair pair;
  pair.establish();
  constexpr std::size_t kPackets = 100;
  constexpr std::size_t kLength = 1200;
  const Packet packet = pair.packet_to_b(kLength);
  std::vector<Packet> rooms(kPackets, Packet(kDataHeaderBytes + kLength + kSealTailBytes));
  std::vector<SealItem> seal_items(kPackets);
  std::vector<OpenItem> open_items(kPackets);
  const base::Path from{.remote = pair.a.endpoint, .local = std::nullopt};
  std::size_t delivered = 0;

  allocation_forbidden = true;
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
  allocation_forbidden = false;
  CHECK(delivered == 20 * kPackets);
}

TEST_CASE("staging packets without a session allocates nothing") {
  Pair pair;
  std::vector<Packet> rooms(200, Packet(kDataHeaderBytes + 1000 + kSealTailBytes));
  std::vector<SealItem> items;
  for (Packet& room : rooms) items.push_back({.room = room, .length = 1000});
  allocation_forbidden = true;
  const auto path = pair.a.device.seal(pair.now, pair.to_b, items);
  allocation_forbidden = false;
  CHECK_FALSE(path.has_value());
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
  allocation_forbidden = true;
  pair.b.device.open(pair.now, from, items);
  allocation_forbidden = false;
  CHECK(pair.b.drops(base::Drop::in_unknown_type) > 0);
  CHECK(pair.b.drops(base::Drop::in_unknown_index) > 0);
}

}  // namespace
}  // namespace warren::protocol
