// Theory of operation. One mutex guards everything here; the thread takes it for one turn at a
// time: it drains the wire's ring and the packet sockets' blocks, gives each record to the store,
// the counters, the watches and the streams, and lets go. While nothing is asked for it sleeps in
// poll(2) without a limit; with wired links, whose ring has no descriptor, it looks again after two
// to ten milliseconds, sooner the more there was. The ring's producer never waits for it.
#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <mutex>
#include <thread>

#include <warren/base/assert.hpp>
#include <warren/base/error.hpp>
#include <warren/lab/recorder.hpp>

#include "capture_file.hpp"
#include "fate_log.hpp"
#include "frame_store.hpp"
#include "frame_watch.hpp"
#include "plain_taps.hpp"
#include "series_counter.hpp"

namespace warren::lab {
namespace {

constexpr std::size_t kRecordsPerTurn = 4096;
constexpr int kBusyMs = 2;
constexpr int kQuietMs = 10;
constexpr auto kTapLatency = std::chrono::milliseconds(10);
// Frames on their way to the ring and in a block that the kernel has not handed over yet.
constexpr int kSettleTurns = 128;
constexpr auto kSettle = 3 * kTapLatency;
constexpr system::PacketTapOptions kWholeFrames{
    .snap_bytes = 96 * 1024, .ring_bytes = 4U << 20, .latency = kTapLatency};

}  // namespace

struct Recorder::State {
  State(const Topology& the_topology, RecorderOptions the_options)
      : topology(the_topology), options(std::move(the_options)) {}

  const Topology& topology;
  RecorderOptions options;
  mutable std::mutex mutex;
  base::Fd wake;
  std::thread thread;
  bool stopping = false;

  bool keeping = false;
  std::unique_ptr<FrameStore> store;
  std::vector<PlainTap> taps;  // for keeping
  std::vector<SeriesCounter> counters;
  FateLog fates;

  std::uint32_t next_id = 1;
  std::map<WatchId, FrameWatch> watches;
  std::map<StreamId, FrameStream> streams;
  bool wire_is_on = false;
  std::uint64_t taps_missed_before = 0;  // of sockets that are closed

  void run();
  void keep_record(const CaptureRecord& record, bool wired);
  void see_wired(const CaptureRecord& record);
  bool drain_ring(std::size_t most);
  bool drain_taps();
  void flush_streams(const std::vector<pollfd>& polled);
  std::vector<pollfd> descriptors() const;
  [[nodiscard]] int patience_ms(bool busy) const;
  void interest_changed();
  void poke() const;
  PlainTap tap_for(LinkId link) const;
  [[nodiscard]] std::uint64_t ring_missed() const {
    return options.ring != nullptr ? options.ring->missed() : 0;
  }
};

// ---- the thread --------------------------------------------------------------------------------

void Recorder::State::keep_record(const CaptureRecord& record, bool wired) {
  if (!keeping) return;
  store->push(record);
  SeriesCounter& counter = counters.at(record.link.value());
  if (!wired) return counter.count_plain(record);
  counter.count(record);
  fates.add(record);
}

void Recorder::State::see_wired(const CaptureRecord& record) {
  keep_record(record, true);
  if (record.point != CaptureRecord::Point::sent) return;
  for (auto& [id, watch] : watches) {
    if (watch.link == record.link) watch.see(record);
  }
  for (auto& [id, stream] : streams) {
    if (stream.link() == record.link) stream.see(record, true);
  }
}

bool Recorder::State::drain_ring(std::size_t most) {
  if (options.ring == nullptr) return false;
  std::size_t seen = 0;
  for (; seen < most; ++seen) {
    const auto record = options.ring->pop();
    if (!record) break;
    WARREN_ASSERT(record->link.value() < topology.links.size(), "link {}", record->link.value());
    see_wired(*record);
  }
  return seen > 0;
}

bool Recorder::State::drain_taps() {
  std::size_t seen = 0;
  for (PlainTap& tap : taps) {
    seen += tap.drain([&](const CaptureRecord& record) { keep_record(record, false); });
  }
  for (auto& [id, watch] : watches) {
    if (!watch.tap) continue;
    seen += watch.tap->drain([&](const CaptureRecord& record) { watch.see(record); });
  }
  for (auto& [id, stream] : streams) {
    if (!stream.tap) continue;
    seen += stream.tap->drain([&](const CaptureRecord& record) { stream.see(record, false); });
  }
  return seen > 0;
}

void Recorder::State::flush_streams(const std::vector<pollfd>& polled) {
  bool lost = false;
  for (auto& [id, stream] : streams) {
    if (stream.fd() < 0) continue;
    const auto gone = [&](const pollfd& entry) {
      return entry.fd == stream.fd() && (entry.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
    };
    if (std::ranges::any_of(polled, gone)) stream.hang_up();
    stream.flush();
    if (stream.fd() < 0) {
      stream.tap.reset();
      lost = true;
    }
  }
  if (lost) interest_changed();
}

std::vector<pollfd> Recorder::State::descriptors() const {
  std::vector<pollfd> fds{{wake.get(), POLLIN, 0}};
  for (const PlainTap& tap : taps) fds.push_back({tap.fd(), POLLIN, 0});
  for (const auto& [id, watch] : watches) {
    if (watch.tap) fds.push_back({watch.tap->fd(), POLLIN, 0});
  }
  for (const auto& [id, stream] : streams) {
    if (stream.tap) fds.push_back({stream.tap->fd(), POLLIN, 0});
    const short events = stream.wants_to_write() ? POLLOUT : short{0};
    if (stream.fd() >= 0) fds.push_back({stream.fd(), events, 0});
  }
  return fds;
}

int Recorder::State::patience_ms(bool busy) const {
  if (!wire_is_on) return -1;
  return busy ? kBusyMs : kQuietMs;
}

void Recorder::State::run() {
  std::vector<pollfd> fds;
  std::unique_lock lock(mutex);
  bool busy = false;
  while (!stopping) {
    fds = descriptors();
    const int patience = patience_ms(busy);
    lock.unlock();
    ::poll(fds.data(), static_cast<nfds_t>(fds.size()), patience);
    lock.lock();
    if ((fds.front().revents & POLLIN) != 0) {
      eventfd_t ignored = 0;
      ::eventfd_read(wake.get(), &ignored);
    }
    busy = drain_ring(kRecordsPerTurn);
    drain_taps();
    flush_streams(fds);
  }
}

void Recorder::State::poke() const {
  ::eventfd_write(wake.get(), 1);
}

void Recorder::State::interest_changed() {
  const auto is_wired = [&](LinkId link) { return topology.link(link).wired; };
  bool wanted = keeping && std::ranges::any_of(topology.links, &Link::wired);
  for (const auto& [id, watch] : watches) wanted = wanted || is_wired(watch.link);
  for (const auto& [id, stream] : streams) {
    wanted = wanted || (stream.fd() >= 0 && is_wired(stream.link()));
  }
  if (wanted != wire_is_on) {
    wire_is_on = wanted;
    if (options.wire_capture) options.wire_capture(wanted);
  }
  poke();
}

PlainTap Recorder::State::tap_for(LinkId link) const {
  const auto plans = plan_taps(topology, {link});
  WARREN_ASSERT(plans.size() == 1, "{} plans for one link", plans.size());
  return {plans.front(), options.netns(plans.front().node), kWholeFrames};
}

// ---- what is asked of it -----------------------------------------------------------------------

Recorder::Recorder(const Topology& topology, const RecorderOptions& options)
    : state_(std::make_unique<State>(topology, options)) {
  state_->wake.reset(base::check_system_call(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "making",
                                             "an event descriptor"));
  // The thread gets no signals: they are for the main thread. A reader that is gone is EPIPE.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  state_->thread = std::thread([state = state_.get()] { state->run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Recorder::~Recorder() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    state_->poke();
  }
  state_->thread.join();
  for (auto& [id, stream] : state_->streams) stream.finish();
  if (state_->wire_is_on && state_->options.wire_capture) state_->options.wire_capture(false);
}

void Recorder::keep(bool on) {
  State& state = *state_;
  const std::lock_guard lock(state.mutex);
  if (on == state.keeping) return;
  if (on) {
    std::vector<LinkId> links;
    links.reserve(state.topology.links.size());
    for (std::uint32_t i = 0; i < state.topology.links.size(); ++i) links.emplace_back(i);
    std::vector<PlainTap> taps;
    for (const TapPlan& plan : plan_taps(state.topology, links)) {
      taps.emplace_back(plan, state.options.netns(plan.node),
                        system::PacketTapOptions{.snap_bytes = state.options.snap_bytes,
                                                 .ring_bytes = 1U << 20,
                                                 .latency = kTapLatency});
    }
    state.taps = std::move(taps);
    state.store = std::make_unique<FrameStore>(state.options.keep_bytes, state.options.snap_bytes);
    state.counters.assign(state.topology.links.size(), {});
    state.fates.clear();
  } else {
    for (const PlainTap& tap : state.taps) state.taps_missed_before += tap.missed();
    state.taps.clear();
  }
  state.keeping = on;
  state.interest_changed();
}

WatchId Recorder::watch(LinkId link, std::string marker) {
  WARREN_ASSERT(!marker.empty(), "an empty marker is in every frame");
  const std::lock_guard lock(state_->mutex);
  const WatchId id(state_->next_id++);
  FrameWatch watch{.link = link,
                   .marker = std::move(marker),
                   .report = {},
                   .ring_missed_before = state_->ring_missed(),
                   .tap = std::nullopt};
  if (!state_->topology.link(link).wired) watch.tap.emplace(state_->tap_for(link));
  state_->watches.emplace(id, std::move(watch));
  state_->interest_changed();
  return id;
}

WatchReport Recorder::report(WatchId id) const {
  const std::lock_guard lock(state_->mutex);
  const FrameWatch& watch = state_->watches.at(id);
  WatchReport report = watch.report;
  report.missed =
      watch.tap ? watch.tap->missed() : state_->ring_missed() - watch.ring_missed_before;
  return report;
}

void Recorder::unwatch(WatchId id) {
  const std::lock_guard lock(state_->mutex);
  state_->watches.erase(id);
  state_->interest_changed();
}

StreamId Recorder::stream(LinkId link, base::Fd out) {
  const std::lock_guard lock(state_->mutex);
  const StreamId id(state_->next_id++);
  const std::string comment =
      fmt::format("lab {}, seed {}", state_->topology.name, state_->topology.seed);
  FrameStream stream(link, std::move(out), capture_prelude(state_->topology, 0, comment, link));
  if (!state_->topology.link(link).wired) stream.tap.emplace(state_->tap_for(link));
  state_->streams.emplace(id, std::move(stream));
  state_->interest_changed();
  return id;
}

bool Recorder::streaming(StreamId id) const {
  const std::lock_guard lock(state_->mutex);
  const auto at = state_->streams.find(id);
  return at != state_->streams.end() && at->second.fd() >= 0;
}

void Recorder::unstream(StreamId id) {
  const std::lock_guard lock(state_->mutex);
  const auto at = state_->streams.find(id);
  if (at == state_->streams.end()) return;
  at->second.finish();
  state_->streams.erase(at);
  state_->interest_changed();
}

void Recorder::settle() {
  const auto drain = [&] {
    const std::lock_guard lock(state_->mutex);
    // Bounded: frames may come for ever.
    for (int turns = 0; turns < kSettleTurns && state_->drain_ring(kRecordsPerTurn); ++turns) {
    }
    state_->drain_taps();
  };
  drain();
  std::this_thread::sleep_for(kSettle);
  drain();
}

void Recorder::write_capture(const std::filesystem::path& file, bool arrivals) {
  const std::lock_guard lock(state_->mutex);
  WARREN_ASSERT(state_->store != nullptr, "nothing was kept");
  std::uint64_t missed = state_->taps_missed_before + state_->ring_missed();
  for (const PlainTap& tap : state_->taps) missed += tap.missed();
  write_capture_file(
      file, state_->topology, *state_->store,
      {.arrivals = arrivals, .snap_bytes = state_->options.snap_bytes, .missed = missed});
}

void Recorder::write_verdicts(const std::filesystem::path& file) {
  const std::lock_guard lock(state_->mutex);
  state_->fates.write(file, state_->topology);
}

std::vector<LinkSeries> Recorder::series(base::WallTime origin) const {
  const std::lock_guard lock(state_->mutex);
  std::vector<LinkSeries> all(state_->topology.links.size());
  for (std::size_t i = 0; i < state_->counters.size(); ++i) {
    all[i] = state_->counters[i].series(origin);
  }
  return all;
}

std::uint64_t Recorder::missed() const {
  const std::lock_guard lock(state_->mutex);
  std::uint64_t missed = state_->taps_missed_before + state_->ring_missed();
  for (const PlainTap& tap : state_->taps) missed += tap.missed();
  return missed;
}

std::uint64_t Recorder::overwritten() const {
  const std::lock_guard lock(state_->mutex);
  return state_->store ? state_->store->overwritten() : 0;
}

}  // namespace warren::lab
