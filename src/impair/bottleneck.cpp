// Theory of operation.
//
// One frame is being sent, the others wait in one list. With a rate, sending a frame takes its bits
// divided by the rate, and the next one starts at the very moment the last bit left: `end_` holds
// whole nanoseconds and `fraction_` the rest as a numerator over the rate, so that no rounding adds
// up over any number of frames. Work is counted in bits times 10^9, which divided by the rate is
// nanoseconds.
//
// With a trace, time is a list of opportunities of 1504 bytes each (see Trace). A frame leaves with
// the opportunity that carries its last byte; what that one has left is for the frames behind it,
// and lost when there are none, as mm-link does it.
//
// CoDel judges frames when they are about to be sent (RFC 8289, 5.5); fifo drops on arrival only,
// when the queue is full.
#include "bottleneck.hpp"

#include <algorithm>

#include <warren/impair/trace.hpp>

namespace warren::impair {
namespace {

constexpr std::uint64_t kWorkPerByte = 8 * 1'000'000'000ULL;
constexpr std::uint64_t kLeastAutomaticBytes = 64ULL * 1024;
// Of an IP packet, besides its own bytes: see Trace::kOpportunityBytes.
constexpr std::uint32_t kTunHeaderBytes = 4;

std::uint64_t capacity_of(const Settings& settings) noexcept {
  if (settings.queue.bytes) return *settings.queue.bytes;
  const double rate_bps = settings.trace != nullptr ? settings.trace->mean_rate_bps()
                                                    : static_cast<double>(settings.rate_bps);
  base::Duration way = std::max(settings.delay, base::Duration::zero());
  if (settings.jitter) way += std::max(settings.jitter->amount, base::Duration::zero());
  const double bytes = rate_bps / 8 * std::chrono::duration<double>(way).count();
  // Larger than anything that the limits of a pipeline let in.
  constexpr double kMost = 1e18;
  return std::max(kLeastAutomaticBytes, static_cast<std::uint64_t>(std::min(bytes, kMost)));
}

}  // namespace

Bottleneck::Bottleneck(ItemPool& pool, DelayLine& line, ItemList& dropped) noexcept
    : pool_(pool), line_(line), dropped_(dropped) {}

void Bottleneck::configure(const Settings& settings, base::Instant now) noexcept {
  advance(now);
  const std::uint64_t work = work_left(now);
  const bool same_trace = settings.trace != nullptr && settings.trace == trace_;
  if (settings.queue.discipline != discipline_) codel_.reset();
  discipline_ = settings.queue.discipline;
  codel_.configure(settings.queue.target, settings.queue.interval);
  capacity_bytes_ = capacity_of(settings);
  rate_bps_ = settings.rate_bps;
  trace_ = settings.trace;
  if (trace_ != nullptr)
    mode_ = Mode::trace;
  else
    mode_ = rate_bps_ > 0 ? Mode::rate : Mode::open;

  if (mode_ == Mode::open) return release_all(now);
  if (mode_ == Mode::trace) {
    if (!same_trace) trace_start_ = now;
    opportunity_ = trace_->first_after(now - trace_start_);
  }
  if (sending_ != 0)
    set_work(work, now);
  else if (mode_ == Mode::rate)
    start(now);
}

/// Of the item being sent.
std::uint64_t Bottleneck::work_left(base::Instant now) const noexcept {
  if (sending_ == 0) return 0;
  if (mode_ == Mode::trace) return trace_bytes_left_ * kWorkPerByte;
  return static_cast<std::uint64_t>((end_ - now).count()) * rate_bps_ + fraction_;
}

void Bottleneck::set_work(std::uint64_t work, base::Instant now) noexcept {
  if (mode_ == Mode::trace) {
    trace_bytes_left_ = (work + kWorkPerByte - 1) / kWorkPerByte;
    return;
  }
  end_ = now + base::Duration(static_cast<std::int64_t>(work / rate_bps_));
  fraction_ = work % rate_bps_;
}

bool Bottleneck::has_room(std::uint32_t bytes) const noexcept {
  if (mode_ == Mode::open || (sending_ == 0 && waiting_.empty())) return true;
  return waiting_bytes_ + bytes <= capacity_bytes_;
}

void Bottleneck::enter(ItemIndex index, base::Instant now) noexcept {
  if (mode_ == Mode::open) return line_.enter(index, now);
  Item& item = pool_[index];
  const bool idle = sending_ == 0 && waiting_.empty();
  item.at = now;
  waiting_.push(pool_, index);
  waiting_bytes_ += item.bytes;
  overtakers_ += item.overtakes ? 1 : 0;
  codel_.saw(item.bytes);
  if (!idle) return;
  if (mode_ == Mode::trace) {
    opportunity_ = trace_->first_after(now - trace_start_);
    return;
  }
  fraction_ = 0;
  start(now);
}

void Bottleneck::work_until(base::Instant now) noexcept {
  if (mode_ == Mode::rate)
    send_by_rate(now);
  else
    send_by_trace(now);
}

void Bottleneck::send_by_rate(base::Instant now) noexcept {
  while (sending_ != 0 && end_ <= now) {
    finish(end_);
    start(end_);
  }
}

void Bottleneck::start(base::Instant now) noexcept {
  sending_ = dequeue(now);
  if (sending_ == 0) return;
  set_work(pool_[sending_].bytes * kWorkPerByte + fraction_, now);
}

void Bottleneck::finish(base::Instant now) noexcept {
  overtakers_ -= pool_[sending_].overtakes ? 1 : 0;
  line_.enter(sending_, now);
  sending_ = 0;
}

void Bottleneck::send_by_trace(base::Instant now) noexcept {
  while (sending_ != 0 || !waiting_.empty()) {
    const base::Instant at = trace_start_ + trace_->time_of(opportunity_);
    if (at > now) return;
    ++opportunity_;
    use_opportunity(at);
  }
}

void Bottleneck::use_opportunity(base::Instant at) noexcept {
  std::uint64_t room = Trace::kOpportunityBytes;
  while (room > 0) {
    if (sending_ == 0) {
      sending_ = dequeue(at);
      if (sending_ == 0) return;
      trace_bytes_left_ = pool_[sending_].payload_bytes + kTunHeaderBytes;
    }
    const std::uint64_t sent = std::min(room, trace_bytes_left_);
    room -= sent;
    trace_bytes_left_ -= sent;
    if (trace_bytes_left_ == 0) finish(at);
  }
}

void Bottleneck::release_all(base::Instant now) noexcept {
  if (sending_ != 0) finish(now);
  while (const ItemIndex index = take_first(now).item) line_.enter(index, now);
  overtakers_ = 0;
  codel_.reset();
}

Codel::Taken Bottleneck::take_first(base::Instant now) noexcept {
  const ItemIndex index = waiting_.pop(pool_);
  if (index == 0) return {};
  const Item& item = pool_[index];
  waiting_bytes_ -= item.bytes;
  return {index, now - item.at, waiting_bytes_, item.spared};
}

ItemIndex Bottleneck::dequeue(base::Instant now) noexcept {
  if (discipline_ == Discipline::fifo) return take_first(now).item;
  return codel_.dequeue(
      now, [&] { return take_first(now); },
      [&](ItemIndex index) {
        overtakers_ -= pool_[index].overtakes ? 1 : 0;
        pool_[index].at = now;
        dropped_.push(pool_, index);
      });
}

std::optional<base::Instant> Bottleneck::next_event() const noexcept {
  if (sending_ == 0 && waiting_.empty()) return std::nullopt;
  const ItemIndex first = sending_ != 0 ? sending_ : waiting_.front();
  base::Instant at = end_;
  if (mode_ == Mode::trace) {
    const std::uint64_t bytes =
        sending_ != 0 ? trace_bytes_left_ : pool_[first].payload_bytes + kTunHeaderBytes;
    const std::uint64_t more =
        (bytes + Trace::kOpportunityBytes - 1) / Trace::kOpportunityBytes - 1;
    const bool may_drop = discipline_ == Discipline::codel;
    at = trace_start_ + trace_->time_of(opportunity_ + (may_drop ? 0 : more));
  }
  // CoDel may drop the next frame then, and one that overtakes may be faster than the first.
  if (discipline_ == Discipline::codel || overtakers_ > 0) return at;
  return line_.leaves_at(pool_[first], at);
}

}  // namespace warren::impair
