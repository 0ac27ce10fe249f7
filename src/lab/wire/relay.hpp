// What the wire does with frames, in the thread of its FrameLoop.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <warren/engine/frame_loop.hpp>
#include <warren/lab/wire.hpp>
#include <warren/packet/coalescer.hpp>
#include <warren/packet/segmenter.hpp>

#include "frame_memory.hpp"
#include "late_histogram.hpp"

namespace warren::lab {

class Relay final : public engine::FrameSink {
 public:
  /// Borrows the devices and the capture ring. Device 2n + e of the loop is end e of link n, so the
  /// frames it hands over are those of direction e.
  Relay(const std::vector<WireLink>& links, const WireOptions& options, base::Instant now);
  ~Relay() = default;

  /// Where it writes, from now on.
  void attach(engine::FrameLoop* loop) noexcept { loop_ = loop; }

  void on_frame(engine::FrameDevice device, const packet::VirtioHeader& header,
                base::ConstBytes frame, base::Instant now) override;
  std::optional<base::Instant> on_turn(base::Instant now) override;
  void on_wake() override;
  void on_gone(engine::FrameDevice) override {}

  /// Called by on_wake().
  void on_call(std::function<void()> take_calls) { take_calls_ = std::move(take_calls); }

  void change(std::size_t direction, const impair::Settings& settings, base::Instant now);
  [[nodiscard]] const impair::Settings& settings(std::size_t direction) const;
  [[nodiscard]] WireCounters counters(std::size_t direction) const;
  void capture(bool on) noexcept { capturing_ = on && capture_ring_ != nullptr; }

 private:
  static constexpr std::size_t kBatch = 256;  // frames that leave one direction at once
  static constexpr base::Instant kNever = base::Instant::max();

  struct Direction {
    Direction(const WireLink& link, std::uint8_t number, const WireOptions& options,
              const impair::Limits& limits, base::Instant now);
    LinkId link;
    std::uint8_t number;
    engine::FrameDevice to;
    packet::Coalescer* coalescer = nullptr;  // none: frames are written one by one
    impair::Pipeline pipeline;
    WireCounters counters;
    LateHistogram late;
  };

  packet::Coalescer* coalescer_for(const system::TunDevice& device);
  void admit(Direction& direction, const packet::Segmenter& segmenter, std::size_t index,
             base::Instant now);
  void count(Direction& direction, const impair::Fate& fate) noexcept;
  void record(const Direction& direction, CaptureRecord::Point point, const impair::Fate& fate,
              base::ConstBytes frame) noexcept;
  void record_sent(const Direction& direction, const impair::Fate& fate,
                   base::Bytes frame) noexcept;
  std::size_t depart(std::size_t index, base::Instant now);
  void leave(Direction& direction, const impair::Departure& departure, base::Instant now);
  void write_batch(Direction& direction);
  void write_single(Direction& direction, base::ConstBytes frame) noexcept;
  void write_joined(Direction& direction, const packet::CoalescedPacket& packet) noexcept;
  void write_apart(Direction& direction, const packet::CoalescedPacket& packet) noexcept;
  void look_when_due(std::size_t index);

  engine::FrameLoop* loop_ = nullptr;
  CaptureRing* capture_ring_;
  bool capturing_ = false;
  std::function<void()> take_calls_;
  FrameMemory memory_;
  std::array<std::unique_ptr<packet::Coalescer>, 2> coalescers_;  // TCP; TCP and UDP
  std::deque<Direction> directions_;
  std::vector<base::Instant> due_;  // of each direction; kNever
  std::size_t first_ = 0;           // the direction to begin with, in turn
  std::vector<impair::FrameHandle> batch_;
  // A refused super-packet is made whole in the first and cut into the second; a frame for which
  // there is no room is captured from the second.
  std::unique_ptr<std::byte[]> whole_;
  std::unique_ptr<std::byte[]> segment_;
};

}  // namespace warren::lab
