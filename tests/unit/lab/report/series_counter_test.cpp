#include "series_counter.hpp"

#include <catch2/catch_test_macros.hpp>
#include <numeric>

using namespace warren;
using namespace std::chrono_literals;
using Point = lab::CaptureRecord::Point;

namespace {

constexpr base::WallTime kStart{1000s};

lab::CaptureRecord record(base::Duration at, Point point, impair::Verdict verdict,
                          bool duplicated = false) {
  lab::CaptureRecord made;
  made.when = kStart + at;
  made.point = point;
  made.fate.verdict = verdict;
  made.fate.duplicated = duplicated;
  made.frame_bytes = 100;
  return made;
}

}  // namespace

TEST_CASE("a frame on its way is in flight until it has left the link") {
  lab::SeriesCounter counter;
  counter.count(record(1ms, Point::sent, impair::Verdict::passed));
  counter.count(record(35ms, Point::received, impair::Verdict::passed));
  const auto series = counter.series(kStart);
  const auto& slices = series.directions[0];
  REQUIRE(slices.size() == 4);
  CHECK(series.slice == 10ms);
  CHECK(slices[0].sent == 1);
  CHECK(slices[0].arrived() == 0);
  CHECK(slices[0].in_flight == 1);
  CHECK(slices[2].in_flight == 1);
  CHECK(slices[3].arrived() == 1);
  CHECK(slices[3].in_flight == 0);
  CHECK(slices[3].arrived_bytes == 100);
}

TEST_CASE("a duplicated frame is two in flight") {
  lab::SeriesCounter counter;
  counter.count(record(1ms, Point::sent, impair::Verdict::passed, true));
  counter.count(record(2ms, Point::received, impair::Verdict::passed, true));
  CHECK(counter.series(kStart).directions[0][0].in_flight == 1);
}

TEST_CASE("a drop is counted by its verdict, also at the head of the queue") {
  lab::SeriesCounter counter;
  counter.count(record(1ms, Point::sent, impair::Verdict::lost));
  counter.count(record(2ms, Point::sent, impair::Verdict::passed));
  counter.count(record(3ms, Point::received, impair::Verdict::codel));
  const auto slice = counter.series(kStart).directions[0].at(0);
  CHECK(slice.sent == 2);
  CHECK(slice.arrived() == 0);
  CHECK(slice.verdicts.at(static_cast<std::size_t>(impair::Verdict::lost)) == 1);
  CHECK(slice.verdicts.at(static_cast<std::size_t>(impair::Verdict::codel)) == 1);
  CHECK(slice.in_flight == 0);
}

TEST_CASE("a plain link's frame arrives as it is sent") {
  lab::SeriesCounter counter;
  counter.count_plain(record(1ms, Point::sent, impair::Verdict::passed));
  const auto slice = counter.series(kStart).directions[0].at(0);
  CHECK(slice.sent == 1);
  CHECK(slice.arrived() == 1);
  CHECK(slice.in_flight == 0);
}

TEST_CASE("a long time takes longer slices, not more, and loses no frame") {
  lab::SeriesCounter counter;
  for (int s = 0; s < 60; ++s) {
    counter.count_plain(record(std::chrono::seconds(s), Point::sent, impair::Verdict::passed));
  }
  const auto series = counter.series(kStart);
  const auto& slices = series.directions[0];
  CHECK(slices.size() <= lab::SeriesCounter::kSlicesMost);
  CHECK(series.slice == 160ms);
  CHECK(std::accumulate(slices.begin(), slices.end(), 0U,
                        [](unsigned sum, const auto& one) { return sum + one.sent; }) == 60);
}

TEST_CASE("the first slice is told against the scenario's beginning") {
  lab::SeriesCounter counter;
  counter.count_plain(record(-205ms, Point::sent, impair::Verdict::passed));
  CHECK(counter.series(kStart).began == -210ms);
  CHECK(lab::SeriesCounter().series(kStart).directions[0].empty());
}
