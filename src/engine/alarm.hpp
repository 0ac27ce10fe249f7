// The one timer of the engine, and the calls that its owner asked for.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include <warren/base/time.hpp>
#include <warren/engine/engine.hpp>

#include "ring.hpp"

namespace warren::engine {

class Alarm {
 public:
  explicit Alarm(Ring& ring) : ring_(ring) {}

  WatchId call_at(base::Instant when, std::function<void()> fire);
  /// Whether `id` is of a call rather than of a watch.
  static bool is_call(WatchId id) noexcept { return (id.value() & kCallBit) != 0; }
  void cancel(WatchId id) noexcept;
  /// Calls what is due; true when anything was.
  bool fire_due(base::Instant now);
  /// Wakes the loop no later than at `device` or when a call is due. A timer that is armed for an
  /// earlier time stays: it fires for nothing at most once, where moving it would cost an operation
  /// each time that traffic moves a deadline.
  void arm(std::optional<base::Instant> device);
  void on_timer(const Completion& completion);
  /// The moment for which the timer is armed, if it is.
  [[nodiscard]] std::optional<base::Instant> armed() const noexcept { return armed_; }

 private:
  static constexpr std::uint32_t kCallBit = 0x8000'0000U;

  struct Call {
    base::Instant when;
    std::uint32_t order;  // of those for one instant; the id without kCallBit
    std::function<void()> fire;
  };

  Ring& ring_;
  std::vector<Call> calls_;  // a heap, the earliest first
  std::uint32_t next_order_ = 0;
  std::optional<base::Instant> armed_;
  __kernel_timespec when_{};
};

}  // namespace warren::engine
