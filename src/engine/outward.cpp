// Theory of operation
//
// A read from the TUN is one packet, or a super-packet that the segmenter cuts up: each packet is
// written once, into a transmit slot, with room for the data header in front and padding and tag
// behind. A batch is up to 64 packets for one peer, whether they come from one super-packet or many
// reads: it is sealed in place in one call, so that the cipher can work on several packets at once,
// and goes out in as few messages as its lengths allow. A batch ends when another peer's packet
// comes, when it is as long as a message can be, when its slot is full, and at the end of the turn:
// a packet never waits for company.
//
// When transmit slots are out, the read stays where it is, with a mark of how far it got; its slot
// is not given back to the kernel, and so reading stops. Completed sends free slots and the next
// turn goes on.
//
// A frame for all peers is sealed once per peer, from the same slot.
//
// A packet whose datagram would be longer than UDP allows is dropped, and its sender is told as a
// router would tell it (once per super-packet), or TCP would send it over and over again.
#include "outward.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <warren/base/assert.hpp>
#include <warren/packet/ecn.hpp>
#include <warren/packet/icmp.hpp>
#include <warren/packet/segmenter.hpp>

namespace warren::engine {
namespace {

using protocol::kDataHeaderBytes;
using protocol::kSealTailBytes;

// The longest datagram of the slow lane: a staged frame of the largest MTU.
constexpr std::size_t kSlowDatagramBytes = kDataHeaderBytes + 65'535 + 14 + kSealTailBytes;

// The longest packet whose datagram, padded, is surely one that UDP can carry: 65,472 bytes, whole
// blocks of what header and tag leave of the 65,507. The interface's MTU may keep a longer one from
// being padded, which would save it only with an MTU of 65,473 to 65,475.
constexpr std::uint16_t kMaxPacketBytes =
    (kMaxMessageBytes - kDataHeaderBytes - crypto::kTagBytes) / protocol::kPaddingMultiple *
    protocol::kPaddingMultiple;
static_assert(kMaxPacketBytes == 65'472);

/// A packet that is not a super-packet and needs no change: the same shape as packet::Segmenter.
struct WholePacket {
  base::ConstBytes packet;
  [[nodiscard]] static std::size_t count() noexcept { return 1; }
  [[nodiscard]] std::size_t length(std::size_t) const noexcept { return packet.size(); }
  void write(std::size_t, std::byte* out) const noexcept {
    std::memcpy(out, packet.data(), packet.size());
  }
};

}  // namespace

Outward::Outward(TunPort& tun, Transmitter& transmitter, protocol::Device& device,
                 std::uint32_t max_reads)
    : tun_(tun),
      transmitter_(transmitter),
      device_(device),
      queue_(max_reads),
      slow_buffer_(kSlowDatagramBytes) {}

void Outward::add(const TunPort::Read& read) noexcept {
  WARREN_ASSERT(waiting_ < queue_.size(), "waiting={}", waiting_);
  queue_[(first_ + waiting_) % queue_.size()] = {read};
  ++waiting_;
}

std::size_t Outward::process(base::Now now) noexcept {
  std::size_t worked = 0;
  while (waiting_ > 0 && worked < kTurnBytes && advance(now, queue_[first_])) {
    worked += queue_[first_].read.length;
    tun_.release(queue_[first_].read.slot);
    first_ = (first_ + 1) % queue_.size();
    --waiting_;
  }
  flush(now);
  return worked;
}

/// False when transmit slots ran out.
bool Outward::advance(base::Now now, Waiting& waiting) noexcept {
  base::ConstBytes packet = tun_.bytes(waiting.read);
  packet::VirtioHeader header;
  if (tun_.header_bytes() > 0) {
    const auto parsed = packet::VirtioHeader::parse(packet);
    if (!parsed) {
      device_.drops().add(base::Drop::out_malformed);
      return true;
    }
    header = *parsed;
    packet = packet.subspan(tun_.header_bytes());
  }
  const auto segmenter = packet::Segmenter::create(header, packet, tun_.framing());
  if (!segmenter) {
    device_.drops().add(base::Drop::out_malformed);
    return true;
  }
  if (!std::exchange(waiting.counted, true)) tun_.count_read(segmenter->count(), packet.size());
  const std::uint8_t ecn = packet::ecn_of(packet, tun_.framing());
  if (tun_.framing() == packet::Framing::ip) {
    const auto peer = device_.route(packet);
    return !peer || add_segments(now, *peer, *segmenter, waiting.next_segment, ecn);
  }
  const auto targets = device_.switch_local(now, packet);
  if (targets.peer) {
    return add_segments(now, *targets.peer, *segmenter, waiting.next_segment, ecn);
  }
  if (!targets.flood) return true;
  for (; waiting.next_target < peers_.size(); ++waiting.next_target) {
    const auto peer = peers_[waiting.next_target];
    if (targets.except == peer) continue;
    if (!add_segments(now, peer, *segmenter, waiting.next_segment, ecn)) return false;
    waiting.next_segment = 0;
  }
  return true;
}

template <class Source>
bool Outward::add_segments(base::Now now, protocol::PeerId peer, const Source& source,
                           std::size_t& next_segment, std::uint8_t ecn) noexcept {
  for (; next_segment < source.count(); ++next_segment) {
    const std::size_t length = source.length(next_segment);
    if (length > kMaxPacketBytes) {
      device_.drops().add(base::Drop::out_too_big);
      // No other segment is longer than the first.
      if (next_segment == 0) answer_too_big(now, source);
      continue;
    }
    const auto room = reserve(now, peer, length);
    if (room.empty()) return false;
    source.write(next_segment, room.data() + kDataHeaderBytes);
    items_[batch_count_] = {room, length, 0};
    datagrams_[batch_count_].ecn = ecn;
    ++batch_count_;
  }
  return true;
}

/// Tells the sender of `source`, whose first segment is too big, how big a packet may be.
template <class Source>
void Outward::answer_too_big(base::Now now, const Source& source) noexcept {
  const std::size_t length = source.length(0);
  // A frame of Ethernet comes from a host whose link has one MTU for all: nobody to tell.
  if (tun_.framing() != packet::Framing::ip || length > slow_buffer_.size()) return;
  // The slow lane uses its buffer only while it is drained.
  source.write(0, slow_buffer_.data());
  std::array<std::byte, packet::kMaxTooBigBytes> error;
  const std::size_t bytes =
      packet::write_too_big(base::ConstBytes(slow_buffer_).first(length), kMaxPacketBytes, error);
  if (bytes > 0 && too_big_errors_.take(now.boot, kTooBigErrors)) {
    tun_.write_now(base::ConstBytes(error).first(bytes));
  }
}

base::Bytes Outward::reserve(base::Now now, protocol::PeerId peer, std::size_t length) noexcept {
  const std::size_t room = device_.datagram_length(length);
  const bool full = batch_bytes_ + room > kMaxMessageBytes;
  if (batch_count_ == kMaxSegments || peer != batch_peer_ || full) flush(now);
  // A full message nearly fills its slot. What is left would cut the next one short.
  if (full || !transmitter_.fits(room)) {
    flush(now);
    if (!transmitter_.next_slot()) return {};
  } else if (batch_count_ == 0 && !transmitter_.has_messages()) {
    return {};
  }
  batch_peer_ = peer;
  batch_bytes_ += room;
  return transmitter_.take(room);
}

void Outward::flush(base::Now now) noexcept {
  if (batch_count_ == 0) return;
  const std::span items(items_.data(), batch_count_);
  if (const auto path = device_.seal(now, batch_peer_, items)) {
    for (std::size_t index = 0; index < batch_count_; ++index) {
      datagrams_[index].bytes = items[index].room.first(items[index].datagram_length);
    }
    transmitter_.send(now.boot, *path, batch_peer_, std::span(datagrams_.data(), batch_count_));
  }
  batch_count_ = 0;
  batch_bytes_ = 0;
}

bool Outward::forward(base::Now now, protocol::PeerId peer, base::ConstBytes packet) noexcept {
  std::size_t next_segment = 0;
  return add_segments(now, peer, WholePacket{packet}, next_segment,
                      packet::ecn_of(packet, tun_.framing()));
}

void Outward::forward_to_all(base::Now now, std::optional<protocol::PeerId> except,
                             base::ConstBytes packet) noexcept {
  for (const auto peer : peers_) {
    if (except == peer) continue;
    if (!forward(now, peer, packet)) device_.drops().add(base::Drop::out_no_buffer);
  }
}

bool Outward::drain_slow_lane(base::Now now) {
  flush(now);
  // Neighbours with one path share a message, as staged packets after a handshake do.
  std::size_t count = 0;
  base::Path path;
  std::optional<protocol::PeerId> peer;
  const auto send = [&] {
    if (count > 0) transmitter_.send(now.boot, path, peer, std::span(datagrams_.data(), count));
    count = 0;
  };
  while (device_.may_transmit()) {
    // Space for the longest is made sure of before a datagram is asked for: it comes only once.
    if (!transmitter_.fits(slow_buffer_.size()) || !transmitter_.has_messages() ||
        count == kMaxSegments) {
      send();
      if (!transmitter_.has_messages()) return false;
      if (!transmitter_.fits(slow_buffer_.size()) && !transmitter_.next_slot()) return false;
    }
    const auto transmit = device_.poll_transmit(now, slow_buffer_);
    if (!transmit) break;
    if (count > 0 && (transmit->path != path || transmit->peer != peer)) send();
    path = transmit->path;
    peer = transmit->peer;
    const auto bytes = transmitter_.take(transmit->length);
    std::memcpy(bytes.data(), slow_buffer_.data(), transmit->length);
    datagrams_[count++] = {bytes, transmit->ecn};
  }
  send();
  return true;
}

}  // namespace warren::engine
