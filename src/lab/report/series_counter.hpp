// Counts a link's frames over time in a bounded number of slices: when the time is longer than they
// reach, each becomes twice as long.
#pragma once

#include <array>
#include <cstddef>

#include <warren/base/time.hpp>
#include <warren/lab/capture.hpp>
#include <warren/lab/result.hpp>

namespace warren::lab {

class SeriesCounter {
 public:
  static constexpr std::size_t kSlicesMost = 512;
  static constexpr base::Duration kFirstSlice = std::chrono::milliseconds(10);

  void count(const CaptureRecord& record);
  /// A frame of a plain link: it arrives as it is sent.
  void count_plain(const CaptureRecord& record);
  /// Times since `origin`. Empty when nothing was counted.
  [[nodiscard]] LinkSeries series(base::WallTime origin) const;

 private:
  /// The copies that will arrive stand beside the slice, for in_flight.
  struct Cell {
    SeriesSlice slice;
    std::int64_t entered = 0, left = 0;
  };
  Cell& cell(const CaptureRecord& record);

  bool empty_ = true;
  base::WallTime began_;
  base::Duration length_ = kFirstSlice;
  std::array<std::vector<Cell>, 2> cells_;
};

}  // namespace warren::lab
