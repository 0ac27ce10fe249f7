#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <thread>

#include <warren/base/error.hpp>
#include <warren/base/fd.hpp>
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

TEST_CASE("processors are kept awake as long as the request is held, or a reason is given") {
  base::Fd held;
  const int refusal = system::keep_processors_awake(held);
  CHECK(static_cast<bool>(held) == (refusal == 0));
  if (refusal != 0) {  // an ordinary user, or a kernel or container without the device
    INFO(base::errno_text(refusal));
    CHECK((refusal == EACCES || refusal == EPERM || refusal == ENOENT));
    return;
  }
  // The kernel answers with the strictest of all requests.
  const base::Fd asked(::open("/dev/cpu_dma_latency", O_RDONLY | O_CLOEXEC));
  std::int32_t latency_us = -1;
  REQUIRE(::read(asked.get(), &latency_us, sizeof latency_us) == sizeof latency_us);
  CHECK(latency_us == 0);
}
