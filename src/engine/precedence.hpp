// Runs the loop's thread ahead of ordinary threads while there is traffic, as long as it leaves
// them part of the time.
#pragma once

#include <warren/base/time.hpp>
#include <warren/engine/engine.hpp>

namespace warren::engine {

/// Theory of operation. Between two hosts a packet and its answer wait four times for a thread to
/// be scheduled; behind threads that compute or copy, each of these waits may take several ticks.
/// So the loop's thread takes precedence over ordinary threads (SCHED_FIFO) where it may, when it
/// is busy for more than kTakeAt of a window.
///
/// It gives precedence up when it is busy for less than kLeaveAt: on an idle machine the ordinary
/// policy wakes a thread sooner, since it prefers the waker's processor, which is awake. And it
/// gives it up for kPause when it is busy for more than kMostBusy, so that a flood of packets
/// cannot starve the machine.
class Precedence {
 public:
  /// For the calling thread.
  Precedence(Scheduling wanted, base::Instant now) noexcept;
  Precedence(const Precedence&) = delete;
  Precedence& operator=(const Precedence&) = delete;
  /// The thread is an ordinary one again.
  ~Precedence();

  /// A turn worked from `begin` to `end`.
  void worked(base::Instant begin, base::Instant end) noexcept;
  [[nodiscard]] bool held() const noexcept { return held_; }
  [[nodiscard]] Feature feature() const;

 private:
  static constexpr base::Duration kWindow = std::chrono::milliseconds(50);
  static constexpr base::Duration kPause = std::chrono::seconds(1);
  static constexpr double kLeaveAt = 0.05;
  static constexpr double kTakeAt = 0.1;
  static constexpr double kMostBusy = 0.9;

  void take() noexcept;
  void leave() noexcept;

  Scheduling wanted_;
  int refusal_ = 0;
  bool held_ = false;
  base::Instant window_;    // its begin
  base::Duration busy_{0};  // of the window
  base::Instant pause_end_{};
};

}  // namespace warren::engine
