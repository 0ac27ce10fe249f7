// What happens to a frame as far as chance and the settings decide it: everything but the queue.
#pragma once

#include <cstdint>

#include <warren/base/time.hpp>
#include <warren/impair/pipeline.hpp>
#include <warren/impair/settings.hpp>

#include "classify.hpp"
#include "dice.hpp"
#include "flow_table.hpp"

namespace warren::impair {

class Judge {
 public:
  explicit Judge(const StreamKey& key) noexcept : dice_(key) {}

  void configure(const Settings& settings) noexcept;
  /// The fate of the flow's latest frame, of `frame_bytes` in all; moves the flow's chain on.
  Fate decide(Flow& flow, const Classified& frame, std::size_t frame_bytes) const noexcept;
  /// The whole time of travel with that jitter, not negative.
  [[nodiscard]] base::Duration travel(const Fate& fate, base::Duration jitter) const noexcept;
  [[nodiscard]] const Settings& settings() const noexcept { return settings_; }

 private:
  bool loses(Flow& flow) const noexcept;
  bool loses(const GilbertElliottLoss& chain, Flow& flow) const noexcept;
  [[nodiscard]] bool selects(const Flow& flow, const Classified& frame) const noexcept;
  [[nodiscard]] base::Duration jitter(const Flow& flow, Purpose purpose) const noexcept;
  [[nodiscard]] Roll roll(const Flow& flow, Purpose purpose) const noexcept {
    return dice_.roll(flow.id, flow.number, purpose);
  }

  Dice dice_;
  Settings settings_;
  std::uint32_t chain_ = 0;  // which loss model Flow::bad belongs to; never 0 once there was one
};

}  // namespace warren::impair
