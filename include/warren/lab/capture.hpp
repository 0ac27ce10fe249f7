// What passed on the links: frames with their moment and verdict, from the wire's thread to the
// recorder's. Single producer, single consumer; the producer never waits: what does not fit is
// counted.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include <warren/base/bytes.hpp>
#include <warren/base/time.hpp>
#include <warren/impair/pipeline.hpp>
#include <warren/lab/topology.hpp>

namespace warren::lab {

/// One frame at one moment. A frame that passes is recorded twice: when it enters (`sent`) and when
/// it leaves (`received`); one that does not, once, but for one that CoDel drops: it had entered,
/// and is recorded a second time where it would have left. A copy leaves as well.
struct CaptureRecord {
  enum class Point : std::uint8_t { sent, received };
  base::WallTime when;
  LinkId link;
  std::uint8_t direction = 0;
  Point point = Point::sent;
  impair::Fate fate;
  std::uint32_t frame_bytes = 0;  ///< on the wire, without FCS
  base::ConstBytes bytes;         ///< captured of it; at `sent` as it was before corruption
};

class CaptureRing {
 public:
  /// `capacity_bytes` is rounded up to a power of two, and to room for two records at least;
  /// `snap_bytes` of each frame are kept.
  CaptureRing(std::size_t capacity_bytes, std::uint32_t snap_bytes);
  CaptureRing(const CaptureRing&) = delete;
  CaptureRing& operator=(const CaptureRing&) = delete;
  ~CaptureRing();

  /// Producer. Copies the bytes. False and counted as missed when there is no room. Allocates
  /// nothing.
  bool push(const CaptureRecord& record) noexcept;
  /// Consumer. The record's bytes are valid until the next call, and their room is free after it.
  std::optional<CaptureRecord> pop() noexcept;
  /// Any thread.
  [[nodiscard]] std::uint64_t missed() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace warren::lab
