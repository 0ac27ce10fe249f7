// Theory of operation
//
// A frame or super-packet that a device hands over is cut into the frames that belong on a wire,
// each with its own checksum, straight into its slot of the memory for frames. Each is shown to the
// pipeline of its direction, which keeps its handle or decides its end. Once a turn, and before
// later frames of the same direction enter, all frames that are due leave: those of one direction
// are given to a coalescer, which joins neighbours of a flow again, and written to the other
// device. So what arrived as one piece and was treated alike costs one write, as it would with a
// network card's receive offload, while every frame had its own verdict; a frame with a flipped
// bit, or one that was alone, is written as it is, with its checksum for the receiver to verify.
//
// All frames of a turn entered at its beginning: they had come by then. Writing takes a frame
// through the receiving stack, so that answers arrive meanwhile: those are of the next turn. A turn
// lets out no more than kTurnFrames, and begins with another direction each time, so that one
// saturated link delays the others by a millisecond or so at most.
//
// When each direction has something due is kept in one array, scanned once a turn: 200 of them fit
// into 25 cache lines.
#include "relay.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <warren/base/assert.hpp>
#include <warren/system/clock.hpp>

#include "memory_size.hpp"

namespace warren::lab {
namespace {

constexpr std::size_t kTurnFrames = 1024;

std::vector<impair::Settings> settings_of(const std::vector<WireLink>& links) {
  std::vector<impair::Settings> all;
  for (const auto& link : links) all.insert(all.end(), link.settings.begin(), link.settings.end());
  return all;
}

std::uint64_t memory_bytes_for(const std::vector<WireLink>& links, const WireOptions& options) {
  if (options.frame_bytes != 0) return options.frame_bytes;
  return memory_bytes(settings_of(links), most_memory_bytes());
}

}  // namespace

Relay::Direction::Direction(const WireLink& wire_link, std::uint8_t which,
                            const WireOptions& options, const impair::Limits& limits,
                            base::Instant now)
    : link(wire_link.id),
      number(which),
      pipeline({options.seed, wire_link.name, which}, wire_link.settings[which], limits, now,
               options.replay) {}

Relay::Relay(const std::vector<WireLink>& links, const WireOptions& options, base::Instant now)
    : capture_ring_(options.capture),
      memory_(memory_bytes_for(links, options)),
      due_(2 * links.size(), kNever),
      whole_(std::make_unique_for_overwrite<std::byte[]>(FrameMemory::kMostBytes)),
      segment_(std::make_unique_for_overwrite<std::byte[]>(FrameMemory::kMostBytes)) {
  const auto limits = pipeline_limits(2 * links.size());
  for (const auto& link : links) {
    const auto first = static_cast<std::uint32_t>(directions_.size());
    for (const std::uint8_t number : {std::uint8_t{0}, std::uint8_t{1}}) {
      Direction& direction = directions_.emplace_back(link, number, options, limits, now);
      direction.to = engine::FrameDevice{first + 1 - number};
      direction.coalescer = coalescer_for(*link.taps[1 - number]);
    }
  }
  batch_.reserve(kBatch);
}

/// One for all devices with the same offloads: it is empty between two batches.
packet::Coalescer* Relay::coalescer_for(const system::TunDevice& device) {
  using system::TunOffload;
  if (device.offload() != TunOffload::tso && device.offload() != TunOffload::uso) return nullptr;
  const bool udp = device.offload() == TunOffload::uso;
  auto& coalescer = coalescers_[udp ? 1 : 0];
  if (!coalescer) {
    coalescer = std::make_unique<packet::Coalescer>(
        packet::CoalesceOptions{.framing = packet::Framing::ethernet, .tcp = true, .udp = udp},
        kBatch);
  }
  return coalescer.get();
}

void Relay::on_frame(engine::FrameDevice device, const packet::VirtioHeader& header,
                     base::ConstBytes frame, base::Instant now) {
  const std::size_t index = device.value();
  Direction& direction = directions_[index];
  // What was due before these frames came leaves before they enter.
  while (due_[index] < now) depart(index, now);
  const auto segmenter = packet::Segmenter::create(header, frame, packet::Framing::ethernet);
  if (!segmenter || frame.size() > FrameMemory::kMostBytes) {
    ++direction.counters.malformed;
    return;
  }
  for (std::size_t segment = 0; segment < segmenter->count(); ++segment) {
    admit(direction, *segmenter, segment, now);
  }
  look_when_due(index);
}

void Relay::admit(Direction& direction, const packet::Segmenter& segmenter, std::size_t index,
                  base::Instant now) {
  const std::size_t length = segmenter.length(index);
  ++direction.counters.frames;
  direction.counters.bytes += length;
  const auto handle = memory_.take(length);
  if (!handle) {
    const impair::Fate fate{.verdict = impair::Verdict::overrun};
    count(direction, fate);
    if (!capturing_) return;
    segmenter.write(index, segment_.get());
    record(direction, CaptureRecord::Point::sent, fate, {segment_.get(), length});
    return;
  }
  const base::Bytes frame = memory_.bytes(*handle);
  segmenter.write(index, frame.data());
  const impair::Fate fate = direction.pipeline.admit(now, frame, *handle);
  count(direction, fate);
  if (capturing_) record_sent(direction, fate, frame);
  if (fate.verdict == impair::Verdict::passed) {
    memory_.fate(*handle) = fate;
  } else {
    memory_.release(*handle);
  }
}

/// Those that passed are counted when they leave.
void Relay::count(Direction& direction, const impair::Fate& fate) noexcept {
  WireCounters& counters = direction.counters;
  if (fate.verdict != impair::Verdict::passed) {
    ++counters.verdicts[static_cast<std::size_t>(fate.verdict)];
  }
  if (fate.duplicated) ++counters.duplicated;
  if (fate.corrupted) ++counters.corrupted;
  if (fate.reordered) ++counters.reordered;
}

void Relay::record(const Direction& direction, CaptureRecord::Point point, const impair::Fate& fate,
                   base::ConstBytes frame) noexcept {
  capture_ring_->push({.when = system::wall_now(),
                       .link = direction.link,
                       .direction = direction.number,
                       .point = point,
                       .fate = fate,
                       .frame_bytes = static_cast<std::uint32_t>(frame.size()),
                       .bytes = frame});
}

/// As the frame was before the flipped bit.
void Relay::record_sent(const Direction& direction, const impair::Fate& fate,
                        base::Bytes frame) noexcept {
  const auto mask = std::byte{static_cast<unsigned char>(0x80U >> fate.corrupted_bit % 8)};
  std::byte& byte = frame[fate.corrupted_bit / 8];
  if (fate.corrupted) byte ^= mask;
  record(direction, CaptureRecord::Point::sent, fate, frame);
  if (fate.corrupted) byte ^= mask;
}

void Relay::look_when_due(std::size_t index) {
  due_[index] = directions_[index].pipeline.next_due().value_or(kNever);
}

std::optional<base::Instant> Relay::on_turn(base::Instant now) {
  if (due_.empty()) return std::nullopt;
  std::size_t left = kTurnFrames;
  for (std::size_t step = 0; step < due_.size() && left > 0; ++step) {
    const std::size_t index = (first_ + step) % due_.size();
    while (due_[index] <= now && left > 0) left -= std::min(left, depart(index, now));
  }
  first_ = (first_ + 1) % due_.size();
  const auto next = *std::min_element(due_.begin(), due_.end());
  return next == kNever ? std::nullopt : std::optional(next);
}

/// Lets out up to kBatch frames that are due; returns how many there were, at least 1.
std::size_t Relay::depart(std::size_t index, base::Instant now) {
  Direction& direction = directions_[index];
  std::size_t departures = 0;
  while (batch_.size() < kBatch) {
    const auto departure = direction.pipeline.pop(now);
    if (!departure) break;
    leave(direction, *departure, now);
    ++departures;
  }
  write_batch(direction);
  look_when_due(index);
  return std::max<std::size_t>(departures, 1);
}

void Relay::leave(Direction& direction, const impair::Departure& departure, base::Instant now) {
  WireCounters& counters = direction.counters;
  impair::FrameHandle handle = departure.frame;
  if (departure.last) ++counters.verdicts[static_cast<std::size_t>(departure.verdict)];
  if (departure.verdict != impair::Verdict::passed) {
    impair::Fate fate = memory_.fate(handle);
    fate.verdict = departure.verdict;
    if (capturing_) {
      record(direction, CaptureRecord::Point::received, fate, memory_.bytes(handle));
    }
    if (departure.last) memory_.release(handle);
    return;
  }
  direction.late.add(now - departure.due);
  if (capturing_) {
    record(direction, CaptureRecord::Point::received, memory_.fate(handle), memory_.bytes(handle));
  }
  if (!departure.last) {
    // Both copies may leave in one batch, in which each needs headers of its own.
    const base::ConstBytes frame = memory_.bytes(handle);
    const auto copy = memory_.take(frame.size());
    if (!copy) {
      ++counters.frames;
      ++counters.verdicts[static_cast<std::size_t>(impair::Verdict::overrun)];
      return;
    }
    std::memcpy(memory_.bytes(*copy).data(), frame.data(), frame.size());
    handle = *copy;
  }
  batch_.push_back(handle);
}

void Relay::write_batch(Direction& direction) {
  if (direction.coalescer == nullptr || batch_.size() == 1) {
    for (const auto handle : batch_) write_single(direction, memory_.bytes(handle));
  } else if (!batch_.empty()) {
    packet::Coalescer& coalescer = *direction.coalescer;
    for (const auto handle : batch_) coalescer.add(memory_.bytes(handle));
    coalescer.finish();
    for (std::size_t index = 0; index < coalescer.count(); ++index) {
      write_joined(direction, coalescer.packet(index));
    }
    coalescer.clear();
  }
  for (const auto handle : batch_) memory_.release(handle);
  batch_.clear();
}

void Relay::write_single(Direction& direction, base::ConstBytes frame) noexcept {
  if (loop_->write(direction.to, {}, std::span(&frame, 1)) != 0) ++direction.counters.refused;
}

void Relay::write_joined(Direction& direction, const packet::CoalescedPacket& packet) noexcept {
  const int error = loop_->write(direction.to, packet.header, packet.pieces);
  if (error == 0) return;
  if (error == EINVAL && packet.pieces.size() > 1) {
    // Linux 6.6.44 and some vendors' kernels refuse super-packets (see tun_port.cpp).
    direction.coalescer = nullptr;
    return write_apart(direction, packet);
  }
  direction.counters.refused += packet.pieces.size();
}

void Relay::write_apart(Direction& direction, const packet::CoalescedPacket& packet) noexcept {
  std::size_t length = 0;
  for (const auto piece : packet.pieces) {
    WARREN_ASSERT(length + piece.size() <= FrameMemory::kMostBytes, "length={}", length);
    std::memcpy(whole_.get() + length, piece.data(), piece.size());
    length += piece.size();
  }
  const auto segmenter =
      packet::Segmenter::create(packet.header, {whole_.get(), length}, packet::Framing::ethernet);
  WARREN_ASSERT(segmenter.has_value(), "bytes={} gso_type={}", length, packet.header.gso_type);
  for (std::size_t index = 0; index < segmenter->count(); ++index) {
    segmenter->write(index, segment_.get());
    write_single(direction, {segment_.get(), segmenter->length(index)});
  }
}

void Relay::on_wake() {
  if (take_calls_) take_calls_();
}

void Relay::change(std::size_t direction, const impair::Settings& settings, base::Instant now) {
  directions_[direction].pipeline.change(settings, now);
  look_when_due(direction);
}

const impair::Settings& Relay::settings(std::size_t direction) const {
  return directions_[direction].pipeline.settings();
}

WireCounters Relay::counters(std::size_t index) const {
  const Direction& direction = directions_[index];
  WireCounters counters = direction.counters;
  counters.held_frames = direction.pipeline.held();
  counters.queued_bytes = direction.pipeline.queued_bytes();
  counters.late_p50_ns = direction.late.quantile_ns(0.5);
  counters.late_p99_ns = direction.late.quantile_ns(0.99);
  counters.late_max_ns = direction.late.max_ns();
  return counters;
}

}  // namespace warren::lab
