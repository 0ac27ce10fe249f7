// The data path allocates nothing: operator new counts what the engines' threads ask for.
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <new>

#include "traffic.hpp"

namespace {

thread_local bool is_engine_thread = false;
std::atomic<bool> counting = false;
std::atomic<unsigned> allocations = 0;

void* counted(std::size_t bytes) {
  if (is_engine_thread && counting) ++allocations;
  void* const memory = std::malloc(bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t bytes) {
  return counted(bytes);
}
void* operator new[](std::size_t bytes) {
  return counted(bytes);
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

using namespace warren;
using namespace warren::test;

TEST_CASE("after start-up the data path allocates nothing") {
  requires_root();
  for (const auto kind : {protocol::Kind::tun, protocol::Kind::tap}) {
    for (const bool multishot : {true, false}) {
      CAPTURE(static_cast<int>(kind), multishot);
      EndOptions options;
      options.kind = kind;
      options.restrictions.multishot = multishot;
      options.on_thread_start = [] { is_engine_thread = true; };
      TunnelPair pair(options, options);
      REQUIRE(datagram_passes(pair.a, pair.b));
      REQUIRE(stream_passes(pair.a, pair.b, 1 << 20));
      allocations = 0;
      counting = true;
      CHECK(datagram_passes(pair.b, pair.a, 4000));
      CHECK(stream_passes(pair.a, pair.b, 16 << 20));
      CHECK(stream_passes(pair.b, pair.a, 16 << 20, true));
      counting = false;
      CHECK(allocations == 0);
    }
  }
}
