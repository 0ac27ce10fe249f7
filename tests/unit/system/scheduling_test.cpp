#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <thread>

#include <warren/system/scheduling.hpp>

using namespace warren;

namespace {

/// Of the calling thread, in nanoseconds; sched_runtime lies 24 bytes into struct sched_attr.
std::uint64_t slice_ns() {
  std::array<std::byte, 48> attributes{};
  std::uint64_t slice = 0;
  ::syscall(SYS_sched_getattr, 0, attributes.data(), attributes.size(), 0);
  std::memcpy(&slice, attributes.data() + 24, sizeof slice);
  return slice;
}

}  // namespace

TEST_CASE("a thread that asks for short slices has them, also after it ran ahead of others") {
  std::uint64_t before = 0, asked = 0, after = 0;
  int refusal = -1;
  std::thread([&] {
    before = slice_ns();
    refusal = system::schedule_in_short_slices();
    asked = slice_ns();
    if (system::schedule_first() == 0) system::schedule_normally();
    after = slice_ns();
  }).join();
  if (before == 0) SKIP("this kernel has no slices of a thread's own (Linux 6.12)");
  CHECK(refusal == 0);
  CHECK(asked == 100'000);
  CHECK(after == 100'000);
}

TEST_CASE("a thread that runs ahead of others is not asked for slices") {
  int first = -1, refusal = -1;
  std::thread([&] {
    first = system::schedule_first();
    refusal = system::schedule_in_short_slices();
  }).join();
  if (first != 0) SKIP("needs CAP_SYS_NICE");
  CHECK(refusal == EBUSY);
}
