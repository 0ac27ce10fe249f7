// Theory of operation. Each packet is classified (flow.cpp) and either joins the last entry of its
// flow or becomes an entry of its own. Entries come out in the order in which they were opened, and
// only the last entry of a flow is ever open, so the order within each flow is kept. An entry is
// closed, as in the kernel's GRO, by a packet shorter than gso_size, by PSH or FIN on the packet
// just joined, by a packet of the flow that cannot be joined, or when it is full. A packet that may
// belong to any flow closes them all.
//
// A small hash table leads from a flow to its last entry. Probing is short and bounded: where no
// slot is free another flow's is taken over, which only means that its next packet opens a new
// entry. So neither collisions nor many flows cost more than some coalescing. Slots carry the
// number of the round that filled them: forgetting all flows is one increment.
//
// Checksums are verified when two packets are about to be joined, not before: a packet that stays
// alone goes to the kernel as it came, and the kernel verifies it then. What is joined is marked
// kNeedsChecksum, which the kernel takes on trust; hence nothing unverified may be in it. A packet
// alone is not marked kDataValid: TUN devices ignore that flag on writes.
//
// Members of an entry are chained through the packet table, because flows interleave; finish() lays
// the chains out as contiguous pieces and sets the headers of each first packet: IP length and
// checksum, TCP's FIN and PSH from the last packet, UDP length, and the sum of the pseudo header
// where the transport checksum goes.
#include <algorithm>
#include <bit>
#include <vector>

#include <warren/base/assert.hpp>
#include <warren/packet/checksum.hpp>
#include <warren/packet/coalescer.hpp>

#include "fields.hpp"
#include "flow.hpp"

namespace warren::packet {
namespace {

using base::store_be;

constexpr std::size_t kMaxProbes = 8;
constexpr std::uint32_t kNone = UINT32_MAX;

/// A packet's piece of the result, and the next packet of its entry.
struct Member {
  base::ConstBytes piece;
  std::uint32_t next = kNone;
};

/// A packet or super-packet of the result.
struct Entry {
  FlowPacket first;
  std::uint32_t first_member = 0;
  std::uint32_t last_member = 0;
  std::uint32_t first_piece = 0;  // valid after finish()
  std::uint32_t members = 1;
  std::size_t bytes = 0;
  std::size_t gso_size = 0;
  bool open = false;
  bool verified = false;        // the first packet's transport checksum is right
  bool fixed_id = false;        // IPv4: DF and the same identification in all packets
  std::uint8_t last_flags = 0;  // TCP: FIN and PSH of the last packet
  VirtioHeader header;
};

struct Slot {
  FlowKey key;
  std::uint64_t round = 0;
  std::uint32_t entry = 0;
};

/// As the kernel's inet_gro_flush: identification counts up, or stays where DF makes it
/// meaningless.
bool id_continues(const Entry& entry, const FlowPacket& next, bool& fixed) noexcept {
  fixed = entry.fixed_id;
  if (!next.is_v4()) return true;
  const auto offset = static_cast<std::uint16_t>(next.id() - entry.first.id());
  if (entry.members == 1 && offset == 0) {
    const auto fragment = base::load_be<std::uint16_t>(next.ip() + ipv4::kFragment);
    fixed = (fragment & ipv4::kDontFragment) != 0;
  }
  return offset == (fixed ? 0 : entry.members);
}

/// True when `next` continues the open entry, checksums aside.
bool continues(const Entry& entry, const FlowPacket& next, bool& fixed_id) noexcept {
  const std::size_t payload = next.payload_bytes();
  if (entry.members == Coalescer::kMaxPieces || payload > entry.gso_size ||
      entry.bytes + payload > kMaxIpBytes) {
    return false;
  }
  if (next.is_tcp()) {
    const auto so_far = static_cast<std::uint32_t>(entry.bytes - entry.first.payload);
    if (next.sequence() != entry.first.sequence() + so_far) return false;
  }
  return headers_match(entry.first, next) && id_continues(entry, next, fixed_id);
}

/// TCP: FIN and PSH. A packet with one of them is the last of its super-packet.
std::uint8_t last_flags(const FlowPacket& packet) noexcept {
  if (!packet.is_tcp()) return 0;
  return static_cast<std::uint8_t>(packet.flags() & (tcp::kFin | tcp::kPsh));
}

/// Makes the first packet's headers those of the super-packet, and the virtio header to go with
/// them.
void set_headers(Entry& entry) noexcept {
  const FlowPacket& first = entry.first;
  std::byte* ip = first.ip();
  std::byte* header = first.header();
  const std::size_t ip_bytes = entry.bytes - first.network;
  const auto transport_bytes = static_cast<std::uint16_t>(entry.bytes - first.transport);
  if (first.is_v4()) {
    store_be(ip + ipv4::kTotalLength, static_cast<std::uint16_t>(ip_bytes));
    store_be<std::uint16_t>(ip + ipv4::kChecksum, 0);
    store_be(ip + ipv4::kChecksum, Checksum({ip, ipv4::kMinBytes}).value());
  } else {
    store_be(ip + ipv6::kPayloadLength, static_cast<std::uint16_t>(ip_bytes - ipv6::kBytes));
  }
  if (first.is_tcp()) {
    header[tcp::kFlags] |= std::byte{entry.last_flags};
    entry.header.gso_type = first.is_v4() ? VirtioHeader::kGsoTcpV4 : VirtioHeader::kGsoTcpV6;
    entry.header.checksum_offset = tcp::kChecksum;
  } else {
    store_be(header + udp::kLength, transport_bytes);
    entry.header.gso_type = VirtioHeader::kGsoUdpL4;
    entry.header.checksum_offset = udp::kChecksum;
  }
  const auto pseudo_sum =
      Checksum().add_pseudo_header(first.addresses(), first.key.protocol, transport_bytes).sum();
  store_be(header + entry.header.checksum_offset, pseudo_sum);
  entry.header.flags = VirtioHeader::kNeedsChecksum;
  entry.header.header_length = static_cast<std::uint16_t>(first.payload);
  entry.header.gso_size = static_cast<std::uint16_t>(entry.gso_size);
  entry.header.checksum_start = static_cast<std::uint16_t>(first.transport);
}

}  // namespace

struct Coalescer::State {
  State(const CoalesceOptions& wanted, std::size_t most)
      : options(wanted),
        max_packets(most),
        slots(std::bit_ceil(std::max<std::size_t>(2 * most, 2 * kMaxProbes))) {
    members.reserve(max_packets);
    entries.reserve(max_packets);
    pieces.reserve(max_packets);
  }

  Slot* find(const FlowKey& key) noexcept;
  Slot& slot_for(const FlowKey& key) noexcept;
  bool try_join(Entry& entry, const FlowPacket& packet) noexcept;
  std::uint32_t add_entry(const FlowPacket& packet) noexcept;

  CoalesceOptions options;
  std::size_t max_packets;
  std::vector<Member> members;
  std::vector<Entry> entries;
  std::vector<base::ConstBytes> pieces;
  std::vector<Slot> slots;  // a power of two of them
  std::uint64_t round = 1;
  bool finished = false;
};

/// The slot of `key`; none when its flow is not known. Slots are never emptied within a round, so a
/// flow lies before the first free slot and is in the table once.
Slot* Coalescer::State::find(const FlowKey& key) noexcept {
  const std::size_t home = key.hash();
  for (std::size_t probe = 0; probe < kMaxProbes; ++probe) {
    Slot& slot = slots[(home + probe) & (slots.size() - 1)];
    if (slot.round != round) return nullptr;
    if (slot.key == key) return &slot;
  }
  return nullptr;
}

/// The slot to fill for `key`, which is not in the table.
Slot& Coalescer::State::slot_for(const FlowKey& key) noexcept {
  const std::size_t home = key.hash();
  for (std::size_t probe = 0; probe < kMaxProbes; ++probe) {
    Slot& slot = slots[(home + probe) & (slots.size() - 1)];
    if (slot.round != round) return slot;
  }
  return slots[home & (slots.size() - 1)];
}

/// Joins `packet` to `entry`, the last of its flow. The entry is closed when that cannot be.
bool Coalescer::State::try_join(Entry& entry, const FlowPacket& packet) noexcept {
  if (!entry.open) return false;
  entry.open = false;
  bool fixed_id = false;
  if (!continues(entry, packet, fixed_id)) return false;
  if (!entry.verified && !checksum_is_right(entry.first)) return false;
  entry.verified = true;
  if (!checksum_is_right(packet)) return false;
  const std::size_t payload = packet.payload_bytes();
  entry.fixed_id = fixed_id;
  entry.bytes += payload;
  entry.last_flags = last_flags(packet);
  entry.open = payload == entry.gso_size && entry.last_flags == 0;
  const auto index = static_cast<std::uint32_t>(members.size());
  members.push_back({packet.bytes.subspan(packet.payload), kNone});
  members[entry.last_member].next = index;
  entry.last_member = index;
  ++entry.members;
  return true;
}

/// Makes `packet` an entry of its own, open when others may join it, and returns its index.
std::uint32_t Coalescer::State::add_entry(const FlowPacket& packet) noexcept {
  const auto member = static_cast<std::uint32_t>(members.size());
  const auto index = static_cast<std::uint32_t>(entries.size());
  members.push_back({packet.bytes, kNone});
  Entry entry;
  entry.first = packet;
  entry.first_member = member;
  entry.last_member = member;
  entry.bytes = packet.bytes.size();
  if (packet.state == FlowState::joinable) {
    entry.gso_size = packet.payload_bytes();
    entry.open = last_flags(packet) == 0;
  }
  entries.push_back(entry);
  return index;
}

Coalescer::Coalescer(const CoalesceOptions& options, std::size_t max_packets)
    : state_(std::make_unique<State>(options, max_packets)) {
  WARREN_ASSERT(max_packets > 0 && max_packets < kNone, "max_packets={}", max_packets);
}

Coalescer::~Coalescer() = default;

bool Coalescer::full() const noexcept {
  return state_->members.size() == state_->max_packets;
}

void Coalescer::add(base::Bytes bytes) noexcept {
  State& state = *state_;
  WARREN_ASSERT(!full() && !state.finished, "packets={} max={} finished={}", state.members.size(),
                state.max_packets, state.finished);
  const FlowPacket packet = classify(bytes, state.options.framing);
  const bool has_flow = packet.state == FlowState::separate || packet.state == FlowState::joinable;
  if (packet.state == FlowState::unknown) ++state.round;  // closes all flows
  if (!has_flow || !(packet.is_tcp() ? state.options.tcp : state.options.udp)) {
    state.add_entry(packet);
    return;
  }
  Slot* slot = state.find(packet.key);
  const bool joinable = packet.state == FlowState::joinable;
  if (slot != nullptr && joinable && state.try_join(state.entries[slot->entry], packet)) return;
  const std::uint32_t entry = state.add_entry(packet);
  if (slot == nullptr) {
    if (!joinable) return;  // there is nothing that it would close
    slot = &state.slot_for(packet.key);
  }
  *slot = {packet.key, state.round, entry};
}

void Coalescer::finish() noexcept {
  State& state = *state_;
  for (Entry& entry : state.entries) {
    entry.first_piece = static_cast<std::uint32_t>(state.pieces.size());
    for (std::uint32_t at = entry.first_member; at != kNone; at = state.members[at].next) {
      state.pieces.push_back(state.members[at].piece);
    }
    if (entry.members > 1) set_headers(entry);
  }
  state.finished = true;
}

std::size_t Coalescer::count() const noexcept {
  return state_->entries.size();
}

CoalescedPacket Coalescer::packet(std::size_t index) const noexcept {
  WARREN_ASSERT(state_->finished && index < count(), "index={} count={} finished={}", index,
                count(), state_->finished);
  const Entry& entry = state_->entries[index];
  return {entry.header, {state_->pieces.data() + entry.first_piece, entry.members}, entry.bytes};
}

void Coalescer::clear() noexcept {
  State& state = *state_;
  state.members.clear();
  state.entries.clear();
  state.pieces.clear();
  state.finished = false;
  ++state.round;
}

}  // namespace warren::packet
