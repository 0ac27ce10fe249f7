#include "../../../../src/lab/wire/late_histogram.hpp"

#include <catch2/catch_test_macros.hpp>

using warren::base::Duration;
using warren::lab::LateHistogram;

TEST_CASE("an empty histogram says 0") {
  const LateHistogram histogram;
  CHECK(histogram.quantile_ns(0.5) == 0);
  CHECK(histogram.max_ns() == 0);
}

TEST_CASE("quantiles are right to within a sixteenth, the maximum exactly") {
  LateHistogram histogram;
  for (int value = 1; value <= 100'000; ++value) histogram.add(Duration(value));
  for (const double share : {0.01, 0.5, 0.9, 0.99}) {
    CAPTURE(share);
    const auto found = static_cast<double>(histogram.quantile_ns(share));
    CHECK(found >= share * 100'000);
    CHECK(found <= share * 100'000 * 17 / 16);
  }
  CHECK(histogram.max_ns() == 100'000);
  CHECK(histogram.quantile_ns(1) == 100'000);
}

TEST_CASE("small values are exact, early ones count as punctual, hours as the last class") {
  LateHistogram histogram;
  for (const int value : {3, 3, 7}) histogram.add(Duration(value));
  CHECK(histogram.quantile_ns(0.5) == 3);
  histogram.add(Duration(-5));
  CHECK(histogram.quantile_ns(0.25) == 0);
  histogram.add(std::chrono::hours(3));
  CHECK(histogram.max_ns() == 3ULL * 3600 * 1'000'000'000);
  CHECK(histogram.quantile_ns(1) >= 1'000'000'000'000);
}
