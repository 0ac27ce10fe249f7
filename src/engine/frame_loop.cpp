// Theory of operation
//
// A turn sleeps in the kernel until a device has frames, the timer fires or somebody calls, takes
// all completions at once, and hands the frames over one by one: their slots are free again when
// the owner has seen them. Then the owner does what is due, and says when something will be. Writes
// are done in that call; the next turn's system call arms what has to be armed and sleeps.
//
// The timer is absolute, on CLOCK_BOOTTIME, an hrtimer of the ring: no timer slack applies. It is
// armed for a little before the moment, by what waking up took lately (lead.hpp); the loop looks at
// the clock and for completions for the rest.
//
// Nothing wakes an idle loop.
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <chrono>

#include <warren/base/assert.hpp>
#include <warren/base/error.hpp>
#include <warren/base/fd.hpp>
#include <warren/engine/frame_loop.hpp>
#include <warren/system/clock.hpp>

#include "alarm.hpp"
#include "frame_port.hpp"
#include "lead.hpp"
#include "precedence.hpp"
#include "receive_pool.hpp"
#include "ring.hpp"
#include "watches.hpp"

namespace warren::engine {
namespace {

constexpr std::uint16_t kFrameBufferGroup = 1;
constexpr std::uint32_t kSlots = 128;
// A virtio header, an Ethernet header with two tags, and the longest packet; whole pages.
constexpr std::size_t kFrameSlotBytes = std::size_t{68} * 1024;
static_assert(kFrameSlotBytes >= packet::kVirtioHeaderBytes + 14 + 8 + 65535);

// So many frames are read from a device that tells of some, before others have their turn.
constexpr int kReadsPerPoll = 32;

base::Fd make_eventfd() {
  return base::Fd(base::check_system_call(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "making",
                                          "an event descriptor"));
}

}  // namespace

struct FrameLoop::State {
  State(const FrameLoopOptions& options, FrameSink& to)
      : sink(to),
        ring({.tells_of_work = true}),
        pool(ring, kFrameBufferGroup, kSlots, kFrameSlotBytes, options.multishot),
        watches(ring),
        alarm(ring),
        wake_early(options.wake_early),
        lead(system::boot_now()),
        precedence(options.scheduling, system::boot_now(), kPunctual) {
    ports.reserve(options.devices.size());
    unarmed.reserve(options.devices.size());
    for (system::TunDevice* const device : options.devices) {
      const FrameDevice id(static_cast<std::uint32_t>(ports.size()));
      ports.emplace_back(ring, pool, *device, id);
      unarmed.push_back(id);
    }
    watches.add(wake_fd.get(), POLLIN, [this](short) { on_wake(); });
  }
  ~State() { ring.cancel_all(); }

  void turn();
  base::Instant rest();
  void dispatch(const Completion& completion);
  void on_read(const Completion& completion);
  void on_poll(const Completion& completion);
  void hand_over(FramePort& port, FrameDevice device, base::ConstBytes bytes);
  void end_of_operation(FramePort& port, FrameDevice device, bool gone_before);
  void on_wake() {
    std::uint64_t count = 0;
    // It may be 0 already, when the poll was late: nothing is lost.
    [[maybe_unused]] const auto length = ::read(wake_fd.get(), &count, sizeof count);
    sink.on_wake();
  }

  FrameSink& sink;
  base::Fd wake_fd = make_eventfd();
  std::atomic<bool> stopped = false;
  Ring ring;
  ReceivePool pool;
  std::unique_ptr<std::byte[]> polled =
      std::make_unique_for_overwrite<std::byte[]>(kFrameSlotBytes);
  std::vector<FramePort> ports;
  std::vector<FrameDevice> unarmed;
  Watches watches;
  Alarm alarm;
  bool wake_early;
  Lead lead;
  bool slept = false;                                   // before this turn
  std::optional<base::Instant> next = base::Instant{};  // at first there is a turn at once
  base::Instant now{};
  std::size_t bytes = 0;  // of this turn's frames
  Statistics statistics;
  Precedence precedence;
};

/// Sleeps until there is something to do; not at all when there is already. Returns when it was
/// awake again.
base::Instant FrameLoop::State::rest() {
  slept = true;
  if (!next) {
    ring.submit_and_wait(true);
    return system::boot_now();
  }
  const auto moment = system::boot_now();
  const auto early = wake_early ? lead.lead(moment) : base::Duration{0};
  if (*next - moment > early) {
    alarm.arm(*next - early);
    ring.submit_and_wait(true);
    return system::boot_now();
  }
  slept = false;
  if (*next <= moment) {
    ring.submit_and_wait(false);
    return moment;
  }
  ring.submit_and_look(*next);
  lead.spent(system::boot_now() - moment);
  return moment;
}

void FrameLoop::State::turn() {
  pool.publish();
  for (const FrameDevice device : unarmed) ports[device.value()].arm();
  std::erase_if(unarmed, [this](FrameDevice device) {
    const FramePort& port = ports[device.value()];
    return port.armed() || port.gone();
  });
  const auto awake = rest();
  ++statistics.turns;
  bytes = 0;
  now = system::boot_now();
  ring.reap([this](const Completion& completion) { dispatch(completion); });
  next = sink.on_turn(system::boot_now());
  precedence.worked(awake, system::boot_now(), bytes);
}

void FrameLoop::State::dispatch(const Completion& completion) {
  switch (completion.tag.op) {
    case Op::frame_read:
      return on_read(completion);
    case Op::frame_poll:
      return on_poll(completion);
    case Op::watch:
      return watches.on_poll(completion);
    case Op::timer:
      if (const auto armed = alarm.armed(); slept && armed) lead.woke(now - *armed);
      return alarm.on_timer(completion);
    default:
      return;
  }
}

void FrameLoop::State::on_read(const Completion& completion) {
  const FrameDevice device(completion.tag.index);
  FramePort& port = ports[device.value()];
  const bool gone_before = port.gone();
  if (const auto slot = port.on_read(completion)) {
    hand_over(port, device, pool.arena().bytes(*slot).first(completion.bytes()));
    pool.drop(*slot);
  }
  end_of_operation(port, device, gone_before);
}

void FrameLoop::State::on_poll(const Completion& completion) {
  const FrameDevice device(completion.tag.index);
  FramePort& port = ports[device.value()];
  const bool gone_before = port.gone();
  port.on_poll(completion);
  const base::Bytes into(polled.get(), kFrameSlotBytes);
  for (int reads = 0; reads < kReadsPerPoll && !port.gone(); ++reads) {
    const auto length = port.read_now(into);
    if (length == 0) break;
    hand_over(port, device, into.first(length));
  }
  end_of_operation(port, device, gone_before);
}

void FrameLoop::State::hand_over(FramePort& port, FrameDevice device, base::ConstBytes read) {
  ++statistics.reads;
  bytes += read.size();
  const std::size_t header_bytes = port.header_bytes();
  if (read.size() <= header_bytes) return;
  packet::VirtioHeader header;
  if (header_bytes != 0) header = *packet::VirtioHeader::parse(read);
  sink.on_frame(device, header, read.subspan(header_bytes), now);
}

void FrameLoop::State::end_of_operation(FramePort& port, FrameDevice device, bool gone_before) {
  if (port.gone()) {
    if (!gone_before) sink.on_gone(device);
  } else if (!port.armed()) {
    unarmed.push_back(device);
  }
}

FrameLoop::FrameLoop(const FrameLoopOptions& options, FrameSink& sink)
    : state_(std::make_unique<State>(options, sink)) {}

FrameLoop::~FrameLoop() = default;

void FrameLoop::run() {
  while (!state_->stopped.load(std::memory_order_acquire)) state_->turn();
}

void FrameLoop::stop() noexcept {
  state_->stopped.store(true, std::memory_order_release);
  wake();
}

void FrameLoop::wake() noexcept {
  const std::uint64_t one = 1;
  // It fails only when 2^64 - 2 calls are waiting.
  [[maybe_unused]] const auto bytes = ::write(state_->wake_fd.get(), &one, sizeof one);
}

int FrameLoop::write(FrameDevice device, const packet::VirtioHeader& header,
                     std::span<const base::ConstBytes> pieces) noexcept {
  ++state_->statistics.writes;
  return state_->ports[device.value()].write(header, pieces);
}

std::vector<Feature> FrameLoop::features() const {
  const bool multishot = state_->pool.provided();
  std::vector<Feature> features;
  features.push_back(state_->precedence.feature());
  features.push_back({"ring", state_->ring.deferred_taskrun() ? "deferred task work" : "plain",
                      !state_->ring.deferred_taskrun()});
  features.push_back({"frame read", multishot ? "multishot" : "polled", !multishot});
  return features;
}

const FrameLoop::Statistics& FrameLoop::statistics() const noexcept {
  return state_->statistics;
}

}  // namespace warren::engine
