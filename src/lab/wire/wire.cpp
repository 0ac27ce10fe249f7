// The wire's thread, and the calls that others make into it. A call is a record on the caller's
// stack: it is linked into a list, the thread is woken, and the caller waits until the thread has
// done it, between two turns. When the thread has ended, callers read what it left.
#include <fmt/core.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <warren/base/error.hpp>
#include <warren/base/fd.hpp>
#include <warren/engine/frame_loop.hpp>
#include <warren/lab/wire.hpp>
#include <warren/system/clock.hpp>
#include <warren/system/scheduling.hpp>

#include "relay.hpp"
#include "sending_device.hpp"

namespace warren::lab {
namespace {

/// Work for the thread. The caller waits for it, so it may lie on the caller's stack.
struct Call {
  const std::function<void()>* work = nullptr;
  Call* next = nullptr;
  std::exception_ptr error;
  bool done = false;
};

engine::FrameLoopOptions loop_options(const std::vector<WireLink>& links,
                                      const WireOptions& options) {
  engine::FrameLoopOptions loop;
  for (const auto& link : links) {
    for (const auto& tap : link.taps) loop.devices.push_back(tap.get());
  }
  loop.scheduling =
      options.schedule_first ? engine::Scheduling::automatic : engine::Scheduling::ordinary;
  return loop;
}

/// Of a thread that has to be punctual and to be left alone.
void prepare_thread() noexcept {
  ::pthread_setname_np(::pthread_self(), "warren-wire");
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  ::prctl(PR_SET_TIMERSLACK, 1UL);
  // For where it may not run ahead of others.
  system::schedule_in_short_slices();
}

}  // namespace

struct Wire::State {
  State(std::vector<WireLink> wire_links, const WireOptions& wire_options)
      : links(std::move(wire_links)),
        options(wire_options),
        relay(links, options, system::boot_now()) {
    for (const auto& link : links) {
      for (const auto& tap : link.taps) devices.emplace_back(*tap);
    }
    if (options.processors_awake) keep_awake();
    relay.on_call([this] { take_calls(); });
    for (std::size_t link = 0; link < links.size(); ++link) follow_carrier(link);
    std::promise<void> started;
    auto ready = started.get_future();
    thread = std::thread([this, &started] { live(started); });
    try {
      ready.get();
    } catch (...) {
      thread.join();
      throw;
    }
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    {
      const std::lock_guard lock(mutex);
      if (loop != nullptr) loop->stop();
    }
    if (thread.joinable()) thread.join();
  }

  void keep_awake();
  void live(std::promise<void>& started) noexcept;
  void take_calls();
  void in_thread(const std::function<void()>& work);
  [[nodiscard]] std::size_t index_of(LinkId link) const;
  [[nodiscard]] std::size_t index_of(LinkId link, std::uint8_t direction) const;
  void change(std::size_t index, const impair::Settings& settings);
  void follow_carrier(std::size_t link);

  std::vector<WireLink> links;
  WireOptions options;
  Relay relay;
  std::deque<SendingDevice> devices;  // of each direction
  std::mutex change_mutex;            // one change at a time, its carrier included

  std::mutex mutex;
  std::condition_variable answered;
  engine::FrameLoop* loop = nullptr;  // while the thread runs it
  Call* calls = nullptr;
  std::string failure;
  std::vector<std::string> features;
  base::Fd awake;  // while it is open, processors do not halt
  std::thread thread;
};

void Wire::State::keep_awake() {
  const int refusal = system::keep_processors_awake(awake);
  features.push_back(refusal == 0
                         ? "idle processors: kept awake"
                         : fmt::format("idle processors: halt: {}{}", base::errno_text(refusal),
                                       refusal == EACCES ? " (needs root)" : ""));
}

void Wire::State::live(std::promise<void>& started) noexcept {
  prepare_thread();
  if (options.on_thread_start) options.on_thread_start();
  bool has_started = false;
  try {
    engine::FrameLoop frames(loop_options(links, options), relay);
    relay.attach(&frames);
    for (const auto& feature : frames.features()) {
      features.push_back(fmt::format("{}: {}", feature.name, feature.state));
    }
    {
      const std::lock_guard lock(mutex);
      loop = &frames;
    }
    started.set_value();
    has_started = true;
    try {
      frames.run();
    } catch (const std::exception& error) {
      const std::lock_guard lock(mutex);
      failure = error.what();
    }
    const std::lock_guard lock(mutex);
    loop = nullptr;
  } catch (...) {
    if (!has_started) started.set_exception(std::current_exception());
    return;
  }
  take_calls();
}

void Wire::State::take_calls() {
  std::unique_lock lock(mutex);
  for (Call* call = std::exchange(calls, nullptr); call != nullptr;) {
    Call* const next = call->next;
    lock.unlock();
    try {
      (*call->work)();
    } catch (...) {
      call->error = std::current_exception();
    }
    lock.lock();
    call->done = true;
    call = next;
  }
  answered.notify_all();
}

void Wire::State::in_thread(const std::function<void()>& work) {
  Call call;
  call.work = &work;
  std::unique_lock lock(mutex);
  if (loop == nullptr) return work();
  call.next = std::exchange(calls, &call);
  loop->wake();
  answered.wait(lock, [&] { return call.done; });
  if (call.error) std::rethrow_exception(call.error);
}

std::size_t Wire::State::index_of(LinkId link) const {
  const auto found =
      std::ranges::find_if(links, [link](const WireLink& each) { return each.id == link; });
  if (found == links.end()) {
    throw base::Error(fmt::format("link {} is not carried by the wire", link.value()));
  }
  return static_cast<std::size_t>(found - links.begin());
}

std::size_t Wire::State::index_of(LinkId link, std::uint8_t direction) const {
  return 2 * index_of(link) + (direction == 0 ? 0 : 1);
}

void Wire::State::change(std::size_t index, const impair::Settings& settings) {
  const std::lock_guard lock(change_mutex);
  in_thread([&] { relay.change(index, settings, system::boot_now()); });
  follow_carrier(index / 2);
}

/// The carrier of both devices is there as long as one direction is up. Not in the wire's thread:
/// the kernel makes such calls wait for each other, and for everything else that changes
/// interfaces.
void Wire::State::follow_carrier(std::size_t link) {
  bool up = false;
  in_thread([&] { up = relay.settings(2 * link).up || relay.settings(2 * link + 1).up; });
  for (const std::size_t index : {2 * link, 2 * link + 1}) devices[index].follow(up);
}

Wire::Wire(std::vector<WireLink> links, const WireOptions& options)
    : state_(std::make_unique<State>(std::move(links), options)) {}

Wire::~Wire() = default;

void Wire::change(LinkId link, std::uint8_t direction, const impair::Settings& settings) {
  const std::size_t index = state_->index_of(link, direction);
  if (const auto why = failure(); !why.empty()) throw base::Error("the wire has died: " + why);
  state_->change(index, settings);
}

impair::Settings Wire::settings(LinkId link, std::uint8_t direction) const {
  const std::size_t index = state_->index_of(link, direction);
  impair::Settings settings;
  state_->in_thread([&] { settings = state_->relay.settings(index); });
  return settings;
}

WireCounters Wire::counters(LinkId link, std::uint8_t direction) const {
  const std::size_t index = state_->index_of(link, direction);
  const auto dropped = state_->devices[index].dropped();
  WireCounters counters;
  state_->in_thread([&] { counters = state_->relay.counters(index); });
  counters.frames += dropped.for_want_of_room + dropped.without_carrier;
  counters.verdicts[static_cast<std::size_t>(impair::Verdict::overrun)] += dropped.for_want_of_room;
  counters.verdicts[static_cast<std::size_t>(impair::Verdict::link_down)] +=
      dropped.without_carrier;
  return counters;
}

void Wire::capture(bool on) {
  state_->in_thread([&] { state_->relay.capture(on); });
}

std::string Wire::failure() const {
  const std::lock_guard lock(state_->mutex);
  return state_->failure;
}

std::vector<std::string> Wire::features() const {
  return state_->features;
}

}  // namespace warren::lab
