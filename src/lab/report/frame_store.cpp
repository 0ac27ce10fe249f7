#include "frame_store.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace warren::lab {
namespace {

// In front of each record. A record with `padding` fills the end of the memory where the next one
// did not fit: only its first eight bytes are there for certain.
struct Header {
  std::uint32_t bytes;  // with the header, a multiple of kAlign
  std::uint8_t padding;
  std::uint8_t direction;
  std::uint8_t point;
  std::uint8_t verdict;
  std::uint32_t captured_bytes;
  std::uint32_t frame_bytes;
  std::int64_t when_ns;
  std::uint64_t flow;
  std::uint64_t number;
  std::uint32_t link;
  std::uint8_t duplicated, corrupted, reordered;
};
constexpr std::uint64_t kAlign = 8;
static_assert(sizeof(Header) % kAlign == 0);

Header load(const std::byte* from) noexcept {
  Header header{};
  std::memcpy(&header, from, kAlign);
  if (header.padding == 0) std::memcpy(&header, from, sizeof header);
  return header;
}

}  // namespace

FrameStore::FrameStore(std::uint64_t capacity_bytes, std::uint32_t snap_bytes)
    : capacity_(std::max<std::uint64_t>(capacity_bytes, 4096) / kAlign * kAlign),
      snap_(static_cast<std::uint32_t>(
          std::min<std::uint64_t>(snap_bytes, capacity_ / 4 - sizeof(Header)))),
      memory_(new std::byte[capacity_]) {}  // not initialised, so not touched

void FrameStore::clear() noexcept {
  head_ = tail_ = used_ = frames_ = overwritten_ = 0;
}

void FrameStore::drop_oldest() noexcept {
  const Header oldest = load(memory_.get() + tail_);
  tail_ += oldest.bytes;
  used_ -= oldest.bytes;
  if (tail_ == capacity_) tail_ = 0;
  if (oldest.padding != 0) return;
  --frames_;
  ++overwritten_;
}

void FrameStore::push(const CaptureRecord& record) {
  const auto captured =
      static_cast<std::uint32_t>(std::min<std::size_t>(record.bytes.size(), snap_));
  const std::uint64_t need = sizeof(Header) + (captured + kAlign - 1) / kAlign * kAlign;
  if (const std::uint64_t rest = capacity_ - head_; rest < need) {
    while (capacity_ - used_ < rest) drop_oldest();
    Header padding{};
    padding.bytes = static_cast<std::uint32_t>(rest);
    padding.padding = 1;
    std::memcpy(memory_.get() + head_, &padding, kAlign);
    used_ += rest;
    head_ = 0;
  }
  while (capacity_ - used_ < need) drop_oldest();
  const Header header{.bytes = static_cast<std::uint32_t>(need),
                      .padding = 0,
                      .direction = record.direction,
                      .point = static_cast<std::uint8_t>(record.point),
                      .verdict = static_cast<std::uint8_t>(record.fate.verdict),
                      .captured_bytes = captured,
                      .frame_bytes = record.frame_bytes,
                      .when_ns = record.when.time_since_epoch().count(),
                      .flow = record.fate.flow,
                      .number = record.fate.number,
                      .link = record.link.value(),
                      .duplicated = record.fate.duplicated,
                      .corrupted = record.fate.corrupted,
                      .reordered = record.fate.reordered};
  std::memcpy(memory_.get() + head_, &header, sizeof header);
  std::copy_n(record.bytes.data(), captured, memory_.get() + head_ + sizeof header);
  head_ += need;
  used_ += need;
  if (head_ == capacity_) head_ = 0;
  ++frames_;
}

void FrameStore::for_each(const std::function<void(const CaptureRecord&)>& visit) const {
  std::uint64_t at = tail_;
  for (std::uint64_t seen = 0; seen < used_;) {
    const Header header = load(memory_.get() + at);
    if (header.padding == 0) {
      CaptureRecord record;
      record.when = base::WallTime(base::Duration(header.when_ns));
      record.link = LinkId(header.link);
      record.direction = header.direction;
      record.point = static_cast<CaptureRecord::Point>(header.point);
      record.fate = {.verdict = static_cast<impair::Verdict>(header.verdict),
                     .duplicated = header.duplicated != 0,
                     .corrupted = header.corrupted != 0,
                     .reordered = header.reordered != 0,
                     .flow = header.flow,
                     .number = header.number};
      record.frame_bytes = header.frame_bytes;
      record.bytes = {memory_.get() + at + sizeof header, header.captured_bytes};
      visit(record);
    }
    at += header.bytes;
    seen += header.bytes;
    if (at == capacity_) at = 0;
  }
}

}  // namespace warren::lab
