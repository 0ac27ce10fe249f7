#include "series_counter.hpp"

#include <algorithm>

namespace warren::lab {
namespace {

void add(SeriesSlice& to, const SeriesSlice& from) {
  to.sent += from.sent;
  for (std::size_t i = 0; i < to.verdicts.size(); ++i) to.verdicts.at(i) += from.verdicts.at(i);
  to.arrived_bytes += from.arrived_bytes;
}

}  // namespace

SeriesCounter::Cell& SeriesCounter::cell(const CaptureRecord& record) {
  if (empty_) {
    empty_ = false;
    // The first slice begins at a round time, so that those of several links can be compared.
    began_ = base::WallTime(record.when.time_since_epoch() / kFirstSlice * kFirstSlice);
  }
  const auto since = std::max(record.when - began_, base::Duration{});
  while (since / length_ >= static_cast<std::int64_t>(kSlicesMost)) {
    length_ *= 2;
    for (auto& cells : cells_) {
      std::vector<Cell> merged((cells.size() + 1) / 2);
      for (std::size_t i = 0; i < cells.size(); ++i) {
        add(merged[i / 2].slice, cells[i].slice);
        merged[i / 2].entered += cells[i].entered;
        merged[i / 2].left += cells[i].left;
      }
      cells = std::move(merged);
    }
  }
  auto& cells = cells_.at(record.direction & 1U);
  const auto index = static_cast<std::size_t>(since / length_);
  if (cells.size() <= index) cells.resize(index + 1);
  return cells[index];
}

void SeriesCounter::count(const CaptureRecord& record) {
  Cell& cell = this->cell(record);
  const bool passed = record.fate.verdict == impair::Verdict::passed;
  const bool left = record.point == CaptureRecord::Point::received;
  if (left)
    ++cell.left;
  else
    ++cell.slice.sent;
  // A frame that passes is counted as passed when it leaves.
  if (left || !passed) ++cell.slice.verdicts.at(static_cast<std::size_t>(record.fate.verdict));
  if (!left && passed) cell.entered += record.fate.duplicated ? 2 : 1;
  if (left && passed) cell.slice.arrived_bytes += record.frame_bytes;
}

void SeriesCounter::count_plain(const CaptureRecord& record) {
  Cell& cell = this->cell(record);
  ++cell.slice.sent;
  ++cell.slice.verdicts[0];
  cell.slice.arrived_bytes += record.frame_bytes;
}

LinkSeries SeriesCounter::series(base::WallTime origin) const {
  LinkSeries series;
  if (empty_) return series;
  series.began = began_ - origin;
  series.slice = length_;
  const std::size_t slices = std::max(cells_[0].size(), cells_[1].size());
  for (std::size_t direction = 0; direction < 2; ++direction) {
    auto& slices_out = series.directions.at(direction);
    slices_out.resize(slices);
    std::int64_t in_flight = 0;
    for (std::size_t i = 0; i < slices; ++i) {
      if (i < cells_.at(direction).size()) {
        const Cell& cell = cells_.at(direction)[i];
        slices_out[i] = cell.slice;
        in_flight += cell.entered - cell.left;
      }
      slices_out[i].in_flight = static_cast<std::uint32_t>(std::max<std::int64_t>(in_flight, 0));
    }
  }
  return series;
}

}  // namespace warren::lab
