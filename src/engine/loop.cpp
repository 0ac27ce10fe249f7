// Theory of operation
//
// A turn sleeps in the kernel until something happened, takes all completions at once, and then
// works through what they brought: first what came from UDP, so that acknowledgements and window
// updates reach the local stack early, then the slow lane, then what came from the TUN, then timers
// and what these ask of the slow lane. The slow lane is ahead of the TUN because packets that were
// staged for a handshake are older than those that are read when it completes, and because bulk
// data takes every transmit slot that it can get: while the slow lane waits for one, the TUN waits,
// too.
//
// What a turn prepares goes to the kernel with the next turn's system call: one per turn under load
// and none when idle. A turn works on a bounded number of bytes (kTurnBytes) in each direction:
// what it prepared is on its way, and what arrived meanwhile is seen, before the next bytes are
// worked on.
//
// Completions of writes and sends return slots; reads and receives queue up in Outward and Inward,
// because how much of them can be worked on depends on the slots that completions behind them
// return.
#include "loop.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include <warren/base/assert.hpp>
#include <warren/system/clock.hpp>

namespace warren::engine {
namespace {

// Sums of what can be in flight: 1024 messages, 256 writes, 128 receives and reads, and watches.
// The completion queue holds them all even when nothing is reaped for a turn.
constexpr unsigned kSubmissions = 512;
constexpr std::uint32_t kTunSlots = 64;

RingOptions ring_options(const Tuning& tuning, const Restrictions& restrict) {
  RingOptions options;
  options.tells_of_work = tuning.busy_poll > base::Duration{};
  options.submissions = kSubmissions;
  if (restrict.completions != 0) {
    // The kernel wants no fewer completions than submissions.
    options.completions = restrict.completions;
    options.submissions = std::min(kSubmissions, restrict.completions);
  }
  return options;
}

UdpPortOptions udp_options(const Tuning& tuning, const Restrictions& restrict) {
  UdpPortOptions options;
  options.multishot = restrict.multishot;
  options.gro = tuning.udp_receive_offload;
  return options;
}

TunPortOptions tun_options(const Restrictions& restrict) {
  TunPortOptions options;
  options.multishot = restrict.multishot;
  options.registered_buffers = restrict.registered_buffers;
  options.slots = kTunSlots;
  return options;
}

TransmitterOptions transmitter_options(const Tuning& tuning, const Restrictions& restrict) {
  TransmitterOptions options;
  options.segmentation = tuning.udp_segmentation;
  options.zero_copy = tuning.zero_copy;
  if (restrict.transmit_slots != 0) options.slots = restrict.transmit_slots;
  return options;
}

// A loop that spins is busy without counting as such: it must not do that ahead of others.
Scheduling scheduling(const Tuning& tuning) {
  return tuning.busy_poll > base::Duration{} ? Scheduling::ordinary : tuning.scheduling;
}

std::optional<base::Instant> earlier(std::optional<base::Instant> a,
                                     std::optional<base::Instant> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

}  // namespace

Loop::Loop(const EngineOptions& options, protocol::Device& device, system::TunDevice& tun)
    : device_(device),
      ring_(ring_options(options.tuning, options.restrictions)),
      udp_(ring_, system::UdpSockets::bind({.port = options.listen_port, .fwmark = options.fwmark}),
           statistics_, udp_options(options.tuning, options.restrictions)),
      tun_(ring_, tun, udp_.pool(), device.drops(), statistics_, tun_options(options.restrictions)),
      transmitter_(ring_, udp_, device, statistics_,
                   transmitter_options(options.tuning, options.restrictions)),
      outward_(tun_, transmitter_, device, kTunSlots),
      inward_(tun_, udp_, outward_, device, statistics_),
      watches_(ring_),
      alarm_(ring_),
      busy_poll_(options.tuning.busy_poll),
      precedence_(scheduling(options.tuning), system::boot_now()) {}

Loop::~Loop() {
  ring_.cancel_all();
}

void Loop::turn() {
  udp_.arm();
  tun_.arm();
  const bool sleep = may_sleep();
  if (sleep && busy_poll_ > base::Duration{}) {
    ring_.submit_and_poll(busy_poll_);
  } else {
    ring_.submit_and_wait(sleep);
  }
  ++statistics_.turns;
  now_ = system::now();
  in_turn_ = true;
  ring_.reap([this](const Completion& completion) { dispatch(completion); });
  follow_tun();
  std::size_t bytes = inward_.process(now_);
  slow_lane_waits_ = !outward_.drain_slow_lane(now_);
  if (!slow_lane_waits_) bytes += outward_.process(now_);
  attend(now_);
  transmitter_.end_turn(now_.boot);
  in_turn_ = false;
  if (precedence_.follows_load()) precedence_.worked(now_.boot, system::boot_now(), bytes);
  tell_step_downs();
}

/// Nothing can be done before the next completion, and there will be one if anything is to be done.
bool Loop::may_sleep() const noexcept {
  if (inward_.backlog()) return false;
  if (!outward_.backlog() && !slow_lane_waits_) return true;
  // What waits does so for a transmit slot or a message, and a completion is sure to come that
  // returns one: another turn before it would find what this one did.
  return transmitter_.waits_for_completion();
}

void Loop::dispatch(const Completion& completion) {
  switch (completion.tag.op) {
    case Op::none:
      return;
    case Op::tun_read:
      if (const auto read = tun_.on_read(completion)) outward_.add(*read);
      return;
    case Op::tun_write:
      return tun_.on_write(completion);
    case Op::tun_poll:
      return tun_.on_poll(completion);
    case Op::tun_watch:
      return tun_.on_watch(completion, now_.boot);
    case Op::udp_receive:
      if (const auto received = udp_.on_receive(completion)) inward_.add(*received);
      return;
    case Op::udp_send:
      return transmitter_.on_sent(completion, now_.boot);
    case Op::watch:
      kicked_ = true;
      return watches_.on_poll(completion);
    case Op::timer:
      return alarm_.on_timer(completion);
    case Op::frame_read:
    case Op::frame_poll:
      WARREN_ASSERT(false, "op={}: of a FrameLoop", static_cast<int>(completion.tag.op));
  }
}

void Loop::kick() {
  kicked_ = true;
  if (in_turn_) return;
  attend(system::now());
  transmitter_.end_turn(now_.boot);
}

void Loop::attend(base::Now now) {
  if (alarm_.fire_due(now.boot)) kicked_ = true;
  if (const auto due = device_.poll_timeout(); due && *due <= now.boot) device_.handle_timeout(now);
  do {
    if (std::exchange(kicked_, false)) outward_.refresh_peers();
    slow_lane_waits_ = !outward_.drain_slow_lane(now);
    while (const auto event = device_.poll_event()) {
      if (!on_event_) continue;
      on_event_(*event);
      kicked_ = true;
    }
  } while (kicked_);
  tun_.watch_when_quiet(now.boot);
  alarm_.arm(earlier(device_.poll_timeout(), tun_.look_again()));
}

void Loop::follow_tun() {
  if (tun_.step_downs() != step_downs_) {
    step_downs_ = tun_.step_downs();
    inward_.renew_coalescer();
  }
  if (tun_.gone() && !told_gone_) {
    told_gone_ = true;
    if (on_device_gone_) on_device_gone_();
    kicked_ = true;
  }
}

void Loop::tell_step_downs() {
  const unsigned all = tun_.step_downs() + transmitter_.step_downs();
  if (all == told_step_downs_) return;
  told_step_downs_ = all;
  if (on_step_down_) on_step_down_();
}

std::vector<Feature> Loop::features() const {
  std::vector<Feature> features;
  features.push_back(precedence_.feature());
  features.push_back({"ring", ring_.deferred_taskrun() ? "deferred task work" : "plain",
                      !ring_.deferred_taskrun()});
  tun_.add_features(features);
  udp_.add_features(features);
  transmitter_.add_features(features);
  if (busy_poll_ > base::Duration{}) {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(busy_poll_).count();
    features.push_back({"busy poll", fmt::format("{} us", us), false, true});
  } else {
    features.push_back({"busy poll", "off"});
  }
  return features;
}

}  // namespace warren::engine
