#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <thread>
#include <vector>

#include <warren/lab/capture.hpp>

#include "support/wire_pair.hpp"

using namespace warren;
using namespace warren::test;
using lab::CaptureRecord;
using lab::CaptureRing;

namespace {

CaptureRecord record_of(std::uint64_t number, base::ConstBytes bytes) {
  return {.when = base::WallTime(base::Duration(static_cast<std::int64_t>(number))),
          .link = lab::LinkId{static_cast<std::uint32_t>(number % 7)},
          .direction = static_cast<std::uint8_t>(number % 2),
          .point = number % 3 == 0 ? CaptureRecord::Point::sent : CaptureRecord::Point::received,
          .fate = {.verdict = impair::Verdict::lost, .number = number},
          .frame_bytes = static_cast<std::uint32_t>(bytes.size()),
          .bytes = bytes};
}

bool is_record(const CaptureRecord& record, std::uint64_t number, base::ConstBytes bytes) {
  const auto wanted = record_of(number, bytes);
  return record.when == wanted.when && record.link == wanted.link &&
         record.direction == wanted.direction && record.point == wanted.point &&
         record.fate.verdict == wanted.fate.verdict && record.fate.number == number &&
         record.frame_bytes == wanted.frame_bytes && std::ranges::equal(record.bytes, bytes);
}

}  // namespace

TEST_CASE("records come out as they went in, however often the ring wraps") {
  CaptureRing ring(4096, 500);
  const auto bytes = pattern(500, 3);
  CHECK_FALSE(ring.pop());
  std::uint64_t read = 0;
  for (std::uint64_t number = 0; number < 1000; ++number) {
    const auto part = std::span(bytes).first(number * 37 % 501);
    REQUIRE(ring.push(record_of(number, part)));
    if (number % 3 != 0) continue;
    while (read <= number) {
      const auto record = ring.pop();
      REQUIRE(record);
      REQUIRE(is_record(*record, read, std::span(bytes).first(read * 37 % 501)));
      ++read;
    }
    REQUIRE_FALSE(ring.pop());
  }
  CHECK(ring.missed() == 0);
}

TEST_CASE("of a long frame as much is kept as was asked for, and its length is told") {
  CaptureRing ring(1 << 16, 96);
  const auto bytes = pattern(1514, 3);
  REQUIRE(ring.push(record_of(1, bytes)));
  const auto record = ring.pop();
  REQUIRE(record);
  CHECK(record->frame_bytes == 1514);
  CHECK(std::ranges::equal(record->bytes, std::span(bytes).first(96)));
}

TEST_CASE("what does not fit is counted as missed, and fits again when some were read") {
  CaptureRing ring(1, 1000);
  const auto bytes = pattern(1000, 3);
  std::uint64_t pushed = 0;
  while (ring.push(record_of(pushed, bytes))) ++pushed;
  CHECK(pushed >= 1);
  CHECK(ring.missed() == 1);
  CHECK_FALSE(ring.push(record_of(99, bytes)));
  CHECK(ring.missed() == 2);
  for (std::uint64_t number = 0; number < pushed; ++number) {
    const auto record = ring.pop();
    REQUIRE(record);
    CHECK(is_record(*record, number, bytes));
  }
  CHECK_FALSE(ring.pop());
  CHECK(ring.push(record_of(pushed, bytes)));
}

TEST_CASE("two threads pass records without losing or mixing any up") {
  CaptureRing ring(1 << 14, 300);
  const auto bytes = pattern(300, 3);
  constexpr std::uint64_t kRecords = 100'000;
  std::thread producer([&] {
    for (std::uint64_t number = 0; number < kRecords; ++number) {
      while (!ring.push(record_of(number, std::span(bytes).first(number % 301)))) {
        std::this_thread::yield();
      }
    }
  });
  bool right = true;
  for (std::uint64_t number = 0; number < kRecords;) {
    const auto record = ring.pop();
    if (!record) {
      std::this_thread::yield();
      continue;
    }
    right = right && is_record(*record, number, std::span(bytes).first(number % 301));
    ++number;
  }
  producer.join();
  CHECK(right);
}

TEST_CASE("a frame is captured when it enters and when it leaves, as it was and as it became") {
  requires_root();
  CaptureRing ring(1 << 20, 65536);
  impair::Settings settings;
  settings.delay = 5ms;
  settings.corrupt = 1;
  WirePair pair({.settings = {settings, {}}, .wire = {.capture = &ring}, .ipv6 = false});
  const auto sender = bound_socket(pair.left(), SOCK_DGRAM, "10.7.0.1:0");
  send_to(sender, "10.7.0.2:7000", pattern(10, 1));
  std::this_thread::sleep_for(50ms);
  CHECK_FALSE(ring.pop());  // not asked for yet
  pair.wire().capture(true);
  CHECK(eventually([&] {
    send_to(sender, "10.7.0.2:7000", pattern(10, 1));
    return pair.counters(0).verdicts[0] > 2;
  }));
  pair.wire().capture(false);
  std::vector<std::byte> entered;
  const auto first = ring.pop();  // an ARP request
  REQUIRE(first);
  CHECK(first->point == CaptureRecord::Point::sent);
  CHECK(first->fate.corrupted);
  entered.assign(first->bytes.begin(), first->bytes.end());
  const auto sent_at = first->when;
  std::optional<CaptureRecord> left;
  do {
    left = ring.pop();
    REQUIRE(left);
  } while (left->point != CaptureRecord::Point::received ||
           left->fate.number != first->fate.number);
  // The delay counts from the moment of arrival, which is a little before the stamp.
  CHECK(left->when - sent_at >= 4ms);
  CHECK(left->fate.verdict == impair::Verdict::passed);
  REQUIRE(left->bytes.size() == entered.size());
  int different_bits = 0;
  for (std::size_t at = 0; at < entered.size(); ++at) {
    different_bits += std::popcount(std::to_integer<unsigned>(left->bytes[at] ^ entered[at]));
  }
  CHECK(different_bits == 1);
}
