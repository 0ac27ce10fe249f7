// The newest frames of a lab, as they were recorded, in a fixed amount of memory: when it is full
// the oldest go. Records keep their binary form here, because to format them costs more than to
// copy them, and most tests pass.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include <warren/lab/capture.hpp>

namespace warren::lab {

class FrameStore {
 public:
  /// The memory is taken from the system as it is used.
  explicit FrameStore(std::uint64_t capacity_bytes, std::uint32_t snap_bytes);

  void push(const CaptureRecord& record);
  /// From the oldest to the newest; the bytes are valid until the next push.
  void for_each(const std::function<void(const CaptureRecord&)>& visit) const;
  [[nodiscard]] std::uint64_t frames() const noexcept { return frames_; }
  [[nodiscard]] std::uint64_t overwritten() const noexcept { return overwritten_; }
  void clear() noexcept;

 private:
  void drop_oldest() noexcept;

  std::uint64_t capacity_;
  std::uint32_t snap_;
  std::unique_ptr<std::byte[]> memory_;
  std::uint64_t head_ = 0, tail_ = 0, used_ = 0;
  std::uint64_t frames_ = 0, overwritten_ = 0;
};

}  // namespace warren::lab
