// The engine's parts, and the turn that drives them.
#pragma once

#include <functional>
#include <optional>

#include <warren/engine/engine.hpp>

#include "alarm.hpp"
#include "inward.hpp"
#include "outward.hpp"
#include "precedence.hpp"
#include "ring.hpp"
#include "transmitter.hpp"
#include "tun_port.hpp"
#include "udp_port.hpp"
#include "watches.hpp"

namespace warren::engine {

class Loop {
 public:
  Loop(const EngineOptions& options, protocol::Device& device, system::TunDevice& tun);
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  /// Sleeps until there is something to do, and does it.
  void turn();
  /// The device was given commands. Within a turn its end does the rest.
  void kick();

  Watches& watches() noexcept { return watches_; }
  Alarm& alarm() noexcept { return alarm_; }
  UdpPort& udp() noexcept { return udp_; }
  Engine::Statistics& statistics() noexcept { return statistics_; }
  std::function<void(const protocol::Event&)>& on_event() noexcept { return on_event_; }
  std::function<void()>& on_device_gone() noexcept { return on_device_gone_; }
  std::function<void()>& on_step_down() noexcept { return on_step_down_; }
  [[nodiscard]] std::vector<Feature> features() const;

 private:
  [[nodiscard]] bool may_sleep() const noexcept;
  void dispatch(const Completion& completion);
  /// The slow lane: due timers, handshakes to send, events to tell. Arms the timer.
  void attend(base::Now now);
  void follow_tun();
  void tell_step_downs();

  protocol::Device& device_;
  Engine::Statistics statistics_;
  Ring ring_;
  UdpPort udp_;
  TunPort tun_;
  Transmitter transmitter_;
  Outward outward_;
  Inward inward_;
  Watches watches_;
  Alarm alarm_;
  std::function<void(const protocol::Event&)> on_event_;
  std::function<void()> on_device_gone_;
  std::function<void()> on_step_down_;
  base::Now now_{};
  bool in_turn_ = false;
  bool kicked_ = false;           // the device may have been given commands
  bool slow_lane_waits_ = false;  // for transmit slots
  bool told_gone_ = false;
  unsigned step_downs_ = 0;       // of the TUN's offloads, as followed
  unsigned told_step_downs_ = 0;  // of all
  base::Duration busy_poll_;
  Precedence precedence_;
};

}  // namespace warren::engine
