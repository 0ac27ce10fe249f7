// Readiness of other descriptors, for the engine's owner: level-triggered, through single-shot
// polls that are armed again after each callback (arming checks readiness at once).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <warren/engine/engine.hpp>

#include "ring.hpp"

namespace warren::engine {

class Watches {
 public:
  explicit Watches(Ring& ring) : ring_(ring) {}

  WatchId add(int fd, short events, std::function<void(short)> ready);
  void change(WatchId watch, short events);
  void remove(WatchId watch) noexcept;
  /// Calls back if the completion is of a watch as it is now.
  void on_poll(const Completion& completion);

 private:
  struct Watch {
    std::uint32_t id = 0;
    int fd = -1;
    short events = 0;
    /// Of the poll that is armed; completions of earlier ones are stale.
    std::uint32_t generation = 0;
    /// Shared with the callback while it runs: it may remove its own watch.
    std::shared_ptr<std::function<void(short)>> ready;
  };

  Watch* find(std::uint32_t id) noexcept;
  void arm(Watch& watch);
  void cancel(const Watch& watch);

  Ring& ring_;
  std::vector<Watch> watches_;
  std::uint32_t next_id_ = 1;
  std::uint32_t next_generation_ = 1;
};

}  // namespace warren::engine
