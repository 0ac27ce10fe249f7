// Theory of operation
//
// A receive is up to 64 KiB of datagrams of equal length from one remote endpoint. They are opened
// in place in batches, and the packets go to the coalescer where they lie: it joins neighbours of a
// flow into super-packets that refer to the slots. After at most 128 packets, and at the end of the
// turn, the super-packets are written. A slot is held by its receive until that was opened to its
// end, by the coalescer, and by each write that refers to it.
//
// Receives that find too few free writes wait for the next turn; their slots stay out of the
// kernel's hands, and datagrams wait in the socket's buffer.
#include "inward.hpp"

#include <algorithm>

#include <warren/base/assert.hpp>

namespace warren::engine {

Inward::Inward(TunPort& tun, UdpPort& udp, Outward& outward, protocol::Device& device,
               Engine::Statistics& statistics)
    : tun_(tun),
      udp_(udp),
      outward_(outward),
      device_(device),
      statistics_(statistics),
      queue_(udp.pool().arena().slots()) {
  held_.reserve(queue_.size());
  renew_coalescer();
}

void Inward::renew_coalescer() {
  const auto offload = tun_.device().offload();
  packet::CoalesceOptions options;
  options.framing = tun_.framing();
  options.tcp = offload >= system::TunOffload::tso;
  options.udp = offload >= system::TunOffload::uso;
  coalescer_ = std::make_unique<packet::Coalescer>(options, kMaxCoalesced);
}

void Inward::add(const Received& received) noexcept {
  WARREN_ASSERT(waiting_ < queue_.size(), "waiting={}", waiting_);
  queue_[(first_ + waiting_) % queue_.size()] = received;
  ++waiting_;
}

std::size_t Inward::process(base::Now now) noexcept {
  // Each packet in the coalescer may need a write of its own.
  std::size_t opened = 0;
  while (waiting_ > 0 && opened < kTurnBytes && tun_.writes_free() >= joined_ + kMaxDatagrams) {
    Received& received = queue_[first_];
    if (received.truncated) {
      device_.drops().add(base::Drop::in_truncated);
    } else {
      opened += open(now, received);
      if (!received.payload.empty()) continue;
    }
    udp_.release(received.slot);
    first_ = (first_ + 1) % queue_.size();
    --waiting_;
  }
  flush();
  return opened;
}

/// Opens the next kMaxDatagrams of `received` and takes them off its payload. Returns their bytes.
std::size_t Inward::open(base::Now now, Received& received) noexcept {
  const std::size_t before = received.payload.size();
  std::size_t count = 0;
  do {
    const auto length = std::min(received.segment_bytes, received.payload.size());
    items_[count] = {received.payload.first(length), received.ecn, {}, {}};
    ++count;
    received.payload = received.payload.subspan(length);
  } while (!received.payload.empty() && count < kMaxDatagrams);
  statistics_.udp_receive_datagrams += count;
  device_.open(now, received.from, std::span(items_.data(), count));
  for (std::size_t index = 0; index < count; ++index) {
    if (!items_[index].packet.empty()) deliver(now, items_[index], received.slot);
  }
  return before - received.payload.size();
}

void Inward::deliver(base::Now now, const protocol::OpenItem& item, SlotIndex slot) noexcept {
  if (tun_.framing() == packet::Framing::ethernet) {
    const auto targets = device_.switch_remote(now, item.peer, item.packet);
    if (targets.peer && !outward_.forward(now, *targets.peer, item.packet)) {
      device_.drops().add(base::Drop::out_no_buffer);
    }
    if (targets.flood) outward_.forward_to_all(now, targets.except, item.packet);
    if (!targets.local) return;
  }
  join(item.packet, slot);
}

void Inward::join(base::Bytes packet, SlotIndex slot) noexcept {
  if (coalescer_->full()) flush();
  if (held_.empty() || held_.back() != slot) {
    udp_.pool().arena().hold(slot);
    held_.push_back(slot);
  }
  coalescer_->add(packet);
  ++joined_;
}

void Inward::flush() noexcept {
  if (joined_ == 0) return;
  coalescer_->finish();
  for (std::size_t index = 0; index < coalescer_->count(); ++index) {
    const auto packet = coalescer_->packet(index);
    if (tun_.gone()) {
      device_.drops().add(base::Drop::in_write_failed, packet.pieces.size());
    } else {
      tun_.write(packet);
    }
  }
  coalescer_->clear();
  joined_ = 0;
  for (const auto slot : held_) udp_.release(slot);
  held_.clear();
}

}  // namespace warren::engine
