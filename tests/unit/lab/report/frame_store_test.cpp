#include "frame_store.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <vector>

using namespace warren;

namespace {

lab::CaptureRecord record(std::uint64_t number, base::ConstBytes bytes) {
  lab::CaptureRecord made;
  made.when = base::WallTime(base::Duration(number));
  made.link = lab::LinkId(3);
  made.direction = 1;
  made.point = lab::CaptureRecord::Point::received;
  made.fate = {.verdict = impair::Verdict::codel,
               .duplicated = true,
               .corrupted = true,
               .reordered = true,
               .flow = 0x3f2a,
               .number = number};
  made.frame_bytes = 1500;
  made.bytes = bytes;
  return made;
}

std::vector<std::uint64_t> numbers(const lab::FrameStore& store) {
  std::vector<std::uint64_t> seen;
  store.for_each([&](const lab::CaptureRecord& one) { seen.push_back(one.fate.number); });
  return seen;
}

}  // namespace

TEST_CASE("a kept record comes back as it was") {
  lab::FrameStore store(4096, 64);
  const std::vector bytes(40, std::byte{7});
  store.push(record(5, bytes));
  int seen = 0;
  store.for_each([&](const lab::CaptureRecord& one) {
    ++seen;
    CHECK(one.when == base::WallTime(base::Duration(5)));
    CHECK(one.link == lab::LinkId(3));
    CHECK(one.direction == 1);
    CHECK(one.point == lab::CaptureRecord::Point::received);
    CHECK(one.fate.verdict == impair::Verdict::codel);
    CHECK((one.fate.duplicated && one.fate.corrupted && one.fate.reordered));
    CHECK(one.fate.flow == 0x3f2a);
    CHECK(one.frame_bytes == 1500);
    CHECK(std::ranges::equal(one.bytes, bytes));
  });
  CHECK(seen == 1);
}

TEST_CASE("of a long frame the first bytes are kept") {
  lab::FrameStore store(4096, 64);
  store.push(record(1, std::vector(100, std::byte{1})));
  store.for_each([](const lab::CaptureRecord& one) { CHECK(one.bytes.size() == 64); });
}

TEST_CASE("a full store keeps the newest frames, in order, whatever their sizes") {
  lab::FrameStore store(4096, 900);
  for (std::uint64_t i = 1; i <= 1000; ++i) {
    store.push(record(i, std::vector(i * 37 % 901, std::byte{0x55})));
    const auto kept = numbers(store);
    REQUIRE(!kept.empty());
    REQUIRE(kept.back() == i);
    REQUIRE(std::ranges::is_sorted(kept));
    REQUIRE(kept.size() == kept.back() - kept.front() + 1);  // none between them is missing
    REQUIRE(store.frames() == kept.size());
    REQUIRE(store.frames() + store.overwritten() == i);
  }
  CHECK(store.frames() >= 4);
}

TEST_CASE("a cleared store is empty and takes frames again") {
  lab::FrameStore store(4096, 64);
  store.push(record(1, {}));
  store.clear();
  CHECK(numbers(store).empty());
  store.push(record(2, {}));
  CHECK(numbers(store) == std::vector<std::uint64_t>{2});
}
