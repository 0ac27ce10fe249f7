#include "../../../../src/lab/wire/frame_memory.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <deque>
#include <random>

using warren::impair::FrameHandle;
using warren::impair::Verdict;
using warren::lab::FrameMemory;

namespace {

void fill(FrameMemory& memory, FrameHandle handle, unsigned seed) {
  for (auto& byte : memory.bytes(handle)) byte = static_cast<std::byte>(seed++);
}
bool is_filled(const FrameMemory& memory, FrameHandle handle, unsigned seed) {
  return std::ranges::all_of(
      memory.bytes(handle), [&](std::byte byte) { return byte == static_cast<std::byte>(seed++); });
}

}  // namespace

TEST_CASE("frames of every length keep their bytes and their fate beside others") {
  FrameMemory memory(std::size_t{64} << 20);
  std::vector<FrameHandle> handles;
  for (std::size_t length = 1; length <= FrameMemory::kMostBytes; length += 1 + length / 7) {
    const auto handle = memory.take(length);
    REQUIRE(handle);
    REQUIRE(memory.bytes(*handle).size() == length);
    fill(memory, *handle, static_cast<unsigned>(length));
    memory.fate(*handle).number = length;
    memory.fate(*handle).verdict = Verdict::codel;
    handles.push_back(*handle);
  }
  for (const auto handle : handles) {
    const auto length = memory.bytes(handle).size();
    CHECK(is_filled(memory, handle, static_cast<unsigned>(length)));
    CHECK(memory.fate(handle).number == length);
    memory.release(handle);
  }
  CHECK(memory.frames() == 0);
}

TEST_CASE("short frames share a page, so that a page holds hundreds for one long one") {
  const auto fits = [](std::size_t length) {
    FrameMemory memory(1);  // one page
    std::size_t count = 0;
    while (memory.take(length)) ++count;
    return count;
  };
  CHECK(fits(60) == 544);
  CHECK(fits(1514) == 43);
  CHECK(fits(9014) == 7);
  CHECK(fits(FrameMemory::kMostBytes) == 1);
}

TEST_CASE("what is full takes no more until a page is free again, of whatever size") {
  FrameMemory memory(1);
  std::vector<FrameHandle> handles;
  while (const auto handle = memory.take(60)) handles.push_back(*handle);
  CHECK_FALSE(memory.take(1514));
  while (handles.size() > 1) {
    memory.release(handles.back());
    handles.pop_back();
  }
  CHECK_FALSE(memory.take(1514));  // the page belongs to short frames as long as one is there
  CHECK(memory.take(100) == std::nullopt);
  const auto again = memory.take(60);
  REQUIRE(again);
  memory.release(*again);
  memory.release(handles.back());
  CHECK(memory.take(1514));
}

TEST_CASE("memory that is filled and emptied at random never mixes frames up") {
  FrameMemory memory(std::size_t{2} << 20);
  std::mt19937 random(5);
  struct Held {
    FrameHandle handle;
    unsigned seed;
  };
  std::deque<Held> held;
  std::size_t refused = 0;
  constexpr std::size_t kLengths[] = {60, 66, 86, 400, 1514, 1514, 1514, 9014, 30'000, 65'549};
  for (unsigned round = 0; round < 20'000; ++round) {
    if (random() % 100 < 52) {
      const auto handle = memory.take(kLengths[random() % std::size(kLengths)]);
      if (handle) {
        fill(memory, *handle, round);
        held.push_back({*handle, round});
      } else {
        ++refused;
      }
    } else if (!held.empty()) {
      std::swap(held.front(), held[random() % held.size()]);
      REQUIRE(is_filled(memory, held.front().handle, held.front().seed));
      memory.release(held.front().handle);
      held.pop_front();
    }
    REQUIRE(memory.frames() == held.size());
  }
  CHECK(refused > 0);
}
