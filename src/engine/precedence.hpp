// Runs the loop's thread ahead of ordinary threads while there is traffic, as long as it leaves
// them part of the time.
#pragma once

#include <cstddef>

#include <warren/base/time.hpp>
#include <warren/engine/engine.hpp>

namespace warren::engine {

/// When a thread takes precedence, and when it gives it up. Shares are of a window.
struct PrecedenceRules {
  bool at_once = false;  ///< before there was any load
  double take_at = 0.1;
  double leave_at = 0.05;
  std::size_t long_turn_bytes = 16384;  ///< on average, to take it
  std::size_t short_turn_bytes = 8192;  ///< on average, to give it up
};

/// For a thread whose punctuality is what matters: always, but for kPause after too much load.
inline constexpr PrecedenceRules kPunctual{
    .at_once = true, .take_at = 0, .leave_at = 0, .long_turn_bytes = 0, .short_turn_bytes = 0};

/// Theory of operation. Between two hosts a packet and its answer wait four times for a thread to
/// be scheduled; behind threads that compute or copy, each of these waits may take several ticks.
/// So the loop's thread takes precedence over ordinary threads (SCHED_FIFO) where it may, when it
/// is busy for more than take_at of a window.
///
/// It gives precedence up when it is busy for less than leave_at: on an idle machine the ordinary
/// policy wakes a thread sooner, since it prefers the waker's processor, which is awake. It gives
/// it up for kPause when it is busy for more than kMostBusy, so that a flood of packets cannot
/// starve the machine; and when turns become short: a sender of single packets that is interrupted
/// after each of them never gets to make the batch that would be cheap to carry.
class Precedence {
 public:
  /// For the calling thread.
  Precedence(Scheduling wanted, base::Instant now, const PrecedenceRules& rules = {}) noexcept;
  Precedence(const Precedence&) = delete;
  Precedence& operator=(const Precedence&) = delete;
  /// The thread is an ordinary one again.
  ~Precedence();

  /// Whether it has to be told of turns.
  [[nodiscard]] bool follows_load() const noexcept {
    return wanted_ != Scheduling::ordinary && refusal_ == 0;
  }
  /// A turn worked from `begin` to `end`, on `bytes` of packets.
  void worked(base::Instant begin, base::Instant end, std::size_t bytes) noexcept;
  [[nodiscard]] bool held() const noexcept { return held_; }
  [[nodiscard]] Feature feature() const;

 private:
  static constexpr base::Duration kWindow = std::chrono::milliseconds(50);
  static constexpr base::Duration kPause = std::chrono::seconds(1);
  static constexpr double kMostBusy = 0.9;

  void take() noexcept;
  void leave() noexcept;
  void judge(base::Instant now) noexcept;

  Scheduling wanted_;
  PrecedenceRules rules_;
  int refusal_ = 0;
  bool held_ = false;
  // Of the window that began at window_:
  base::Instant window_;
  base::Duration busy_{0};
  std::size_t bytes_ = 0;
  std::size_t turns_ = 0;
  base::Instant pause_end_{};
};

}  // namespace warren::engine
