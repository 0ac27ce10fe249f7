#include "sim/host.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include <warren/packet/ecn.hpp>
#include <warren/protocol/limits.hpp>

#include "sim/world.hpp"

namespace warren::sim {
namespace {

constexpr std::size_t kSealExtra = protocol::kDataHeaderBytes + protocol::kSealTailBytes;

crypto::PresharedKey preshared_key_from(std::uint64_t seed) {
  Random random(seed);
  return crypto::generate_preshared_key(random.source());
}

}  // namespace

Host::Host(World& world, HostId id, const protocol::DeviceOptions& options)
    : world_(world),
      id_(id),
      options_(options),
      random_(world.random().next()),
      secret_(crypto::generate_secret_key(random_.source())),
      // Each machine was started at another time; nothing may depend on it.
      boot_offset_(random_.between(std::chrono::seconds(1), std::chrono::hours(10'000))),
      wall_offset_(std::chrono::seconds(1'800'000'000)),
      scratch_(options.mtu + kEthernetBytes + kSealExtra + protocol::kMaxHandshakeBytes) {}

base::Now Host::now() const {
  return {.boot = world_.now() + boot_offset_,
          .wall = base::WallTime(world_.now().time_since_epoch() + wall_offset_)};
}

crypto::PublicKey Host::public_key() const {
  return crypto::public_key_of(secret_);
}

base::MacAddress Host::mac() const {
  base::MacAddress address;
  address.bytes[0] = std::byte{0x02};
  base::store_be(&address.bytes[2], static_cast<std::uint32_t>(id_ + 1));
  return address;
}

base::IpAddress Host::inner_address(HostId host, base::Family family, Random& random) {
  std::array<std::byte, 16> bytes{};
  if (family == base::Family::v4) {
    base::store_be(bytes.data(),
                   static_cast<std::uint32_t>(10U << 24 | host << 8 | random.below(256)));
  } else {
    base::store_be(bytes.data(), std::uint64_t{0xfd00} << 48 | host);
    base::store_be(&bytes[8], random.next());
  }
  return base::IpAddress::from_bytes(family, bytes.data());
}

// ---- configuration
// -------------------------------------------------------------------------------

void Host::configure_peer(HostId other, std::optional<base::Endpoint> endpoint, Duration keepalive,
                          std::optional<std::uint64_t> preshared_seed) {
  peers_[other] = {
      .endpoint = endpoint, .keepalive = keepalive, .preshared_seed = preshared_seed, .id = {}};
}

void Host::add_to_device(HostId other, PeerConfig& config) {
  const auto added = device_->add_peer(now(), world_.host(other).public_key());
  if (!added) {
    world_.checker().violation(world_.now(), fmt::format("host {} could not add a peer", id_));
    return;
  }
  config.id = *added;
  hosts_[*added] = other;
  if (config.preshared_seed) {
    device_->set_preshared_key(*added, preshared_key_from(*config.preshared_seed));
  }
  if (config.endpoint) device_->set_endpoint(*added, *config.endpoint);
  if (options_.kind == protocol::Kind::tun) {
    Random any(0);
    device_->allow_ip(*added, {inner_address(other, base::Family::v4, any), 24});
    device_->allow_ip(*added, {inner_address(other, base::Family::v6, any), 64});
    // Host 0 is everybody's way out: longer networks of others must win over its own.
    if (other == 0) {
      device_->allow_ip(*added, {base::IpAddress::any(base::Family::v4), 0});
      device_->allow_ip(*added, {base::IpAddress::any(base::Family::v6), 0});
    }
  }
  device_->set_persistent_keepalive(now(), *added, config.keepalive);
}

void Host::start() {
  hosts_.clear();
  device_ = std::make_unique<protocol::Device>(options_, world_.aead(), random_.source());
  device_->set_private_key(now(), secret_.clone());
  for (auto& [other, config] : peers_) add_to_device(other, config);
  device_->set_up(now(), true);
  settle();
}

void Host::set_up(bool up) {
  device_->set_up(now(), up);
  settle();
}

void Host::set_suspended(bool suspended) {
  suspended_ = suspended;
  if (!suspended) on_timer();
}

void Host::change_key() {
  secret_ = crypto::generate_secret_key(random_.source());
  device_->set_private_key(now(), secret_.clone());
  settle();
}

void Host::replace_peer(HostId other) {
  PeerConfig& config = peers_.at(other);
  device_->remove_peer(config.id);
  add_to_device(other, config);
  settle();
}

// ---- outward
// -------------------------------------------------------------------------------------

void Host::send(std::span<const InnerPacket> packets) {
  if (suspended_) return;
  std::vector<std::vector<std::byte>> built;
  for (const InnerPacket& packet : packets) {
    built.push_back(build(packet));
    if (sabotage_ == Sabotage::accepts_forged) {
      Host& other = world_.host(peers_.begin()->first);
      other.deliver(other.peer_id(id_), built.back());
      built.pop_back();
    }
  }
  if (options_.kind == protocol::Kind::tap) {
    for (const auto& frame : built) {
      forward(device_->switch_local(now(), frame), frame, {});
    }
  } else {
    // As the engine does: neighbours for the same peer are one batch.
    std::vector<base::ConstBytes> batch;
    std::optional<protocol::PeerId> batch_peer;
    for (const auto& packet : built) {
      const auto peer = device_->route(packet);
      if (!peer) continue;
      if (batch_peer && *batch_peer != *peer) {
        seal_and_send(*batch_peer, batch);
        batch.clear();
      }
      batch_peer = *peer;
      batch.emplace_back(packet);
    }
    if (batch_peer) seal_and_send(*batch_peer, batch);
  }
  settle();
}

void Host::forward(const protocol::FrameTargets& targets, base::ConstBytes frame,
                   protocol::PeerId from) {
  if (targets.local) deliver(from, frame);
  const std::array one{frame};
  if (targets.peer) seal_and_send(*targets.peer, one);
  if (!targets.flood) return;
  for (const auto peer : device_->peers()) {
    if (!targets.except || *targets.except != peer) seal_and_send(peer, one);
  }
}

void Host::seal_and_send(protocol::PeerId peer, std::span<const base::ConstBytes> packets) {
  std::vector<std::vector<std::byte>> rooms;
  std::vector<protocol::SealItem> items;
  for (const auto packet : packets) {
    auto& room = rooms.emplace_back(packet.size() + kSealExtra);
    std::ranges::copy(packet, room.begin() + protocol::kDataHeaderBytes);
    items.push_back({.room = room, .length = packet.size(), .datagram_length = 0});
  }
  const auto path = device_->seal(now(), peer, items);
  if (!path) {
    check_bounds();
    return;
  }
  const auto framing =
      options_.kind == protocol::Kind::tun ? packet::Framing::ip : packet::Framing::ethernet;
  std::vector<Datagram> batch;
  for (std::size_t i = 0; i < items.size(); ++i) {
    rooms[i].resize(items[i].datagram_length);
    batch.push_back({.from = {},
                     .to = path->remote,
                     .bytes = std::move(rooms[i]),
                     .ecn = packet::ecn_of(packets[i], framing)});
  }
  transmit(*path, peer, std::move(batch));
}

void Host::transmit(const base::Path& path, std::optional<protocol::PeerId> peer,
                    std::vector<Datagram> batch) {
  base::Path taken = path;
  if (path.local && path.local->address != local_address(path.remote)) {
    // The kernel would say ENETUNREACH: the address is not ours any more.
    if (!peer) return;
    const auto again = device_->forget_source(*peer);
    if (!again) return;
    taken = *again;
    if (taken.local) {
      world_.checker().violation(world_.now(), fmt::format("host {} did not forget a source", id_));
    }
  }
  datagrams_sent_ += batch.size();
  for (Datagram& datagram : batch) datagram.to = taken.remote;
  world_.transmit(id_, std::move(batch));
}

base::IpAddress Host::local_address(const base::Endpoint& remote) const {
  std::array<std::byte, 16> bytes{};
  base::store_be(bytes.data(), std::uint32_t{172U << 24 | 16U << 16} + local_number_);
  return base::IpAddress::from_bytes(remote.address.family(), bytes.data());
}

// ---- inward
// --------------------------------------------------------------------------------------

bool Host::receive(std::vector<Datagram> datagrams) {
  if (suspended_ || !device_) return false;
  const base::Path from{.remote = datagrams.front().from,
                        .local = base::LocalSource{.address = local_address(datagrams.front().from),
                                                   .interface_index = 1}};
  std::vector<protocol::OpenItem> items;
  for (Datagram& datagram : datagrams) {
    items.push_back(
        {.datagram = datagram.bytes, .outer_ecn = datagram.ecn, .packet = {}, .peer = {}});
  }
  const std::uint64_t drops_before = drops();
  const std::string drops_text_before = world_.tracing() ? drops_text() : "";
  device_->open(now(), from, items);
  if (datagrams.size() == 1 && datagrams.front().tampered &&
      (drops() != drops_before + 1 || !items.front().packet.empty())) {
    world_.checker().violation(
        world_.now(), fmt::format("host {} did not count a tampered datagram as one drop", id_));
  }
  if (world_.tracing() && drops() != drops_before) {
    world_.trace(fmt::format("host {} drops: {} -> {}", id_, drops_text_before, drops_text()));
  }
  for (const auto& item : items) {
    if (item.packet.empty()) continue;
    if (options_.kind == protocol::Kind::tap) {
      forward(device_->switch_remote(now(), item.peer, item.packet), item.packet, item.peer);
    } else {
      deliver(item.peer, item.packet);
    }
  }
  settle();
  return true;
}

void Host::deliver(protocol::PeerId from, base::ConstBytes packet) {
  const auto known = hosts_.find(from);
  HostId host = known == hosts_.end() ? id_ : known->second;
  std::vector<std::byte> bytes(packet.begin(), packet.end());
  if (sabotage_ == Sabotage::misattributes) host = id_;
  if (sabotage_ == Sabotage::corrupts) bytes.back() ^= std::byte{1};
  world_.checker().delivered(world_.now(), id_, host, bytes);
  if (sabotage_ == Sabotage::delivers_twice) {
    world_.checker().delivered(world_.now(), id_, host, bytes);
  }
}

// ---- the slow lane
// -------------------------------------------------------------------------------

void Host::settle() {
  const std::size_t room = std::max(
      options_.mtu + kSealExtra + (options_.kind == protocol::Kind::tap ? kEthernetBytes : 0),
      protocol::kMaxHandshakeBytes);
  while (const auto out = device_->poll_transmit(now(), base::Bytes(scratch_).first(room))) {
    std::vector<Datagram> batch(1);
    batch[0].bytes.assign(scratch_.begin(),
                          scratch_.begin() + static_cast<std::ptrdiff_t>(out->length));
    batch[0].ecn = out->ecn;
    transmit(out->path, out->peer, std::move(batch));
  }
  while (device_->poll_event()) {
  }
  set_timer();
}

void Host::set_timer() {
  const auto due = device_->poll_timeout();
  std::optional<Instant> at;
  if (due) at = std::max(*due - boot_offset_, world_.now());
  if (sabotage_ == Sabotage::spins) at = world_.now() + std::chrono::milliseconds(1);
  if (at == timer_) return;
  timer_ = at;
  ++timer_version_;
  if (!at) return;
  world_.at(*at, [this, version = timer_version_] {
    if (version == timer_version_) on_timer();
  });
}

void Host::on_timer() {
  timer_.reset();
  ++timer_version_;
  if (suspended_ || sabotage_ == Sabotage::ignores_timers) return;
  world_.checker().timeout_handled(world_.now(), id_, peers_.size());
  device_->handle_timeout(now());
  if (const auto next = device_->poll_timeout(); next && *next <= now().boot) {
    world_.checker().violation(
        world_.now(), fmt::format("host {} wants a timeout that it has just handled", id_));
  }
  settle();
}

void Host::check_bounds() {
  for (const auto peer : device_->peers()) {
    if (device_->status(peer).staged_packets > protocol::kMaxStagedPackets) {
      world_.checker().violation(world_.now(), fmt::format("host {} stages without bound", id_));
    }
  }
}

std::uint64_t Host::drops() const {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < base::kDropCount; ++i) {
    total += std::as_const(*device_).drops().get(static_cast<base::Drop>(i));
  }
  return total;
}

std::string Host::drops_text() const {
  std::string text;
  for (std::size_t i = 0; i < base::kDropCount; ++i) {
    const auto drop = static_cast<base::Drop>(i);
    if (const auto count = std::as_const(*device_).drops().get(drop)) {
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", base::drop_name(drop), count);
    }
  }
  return text;
}

}  // namespace warren::sim
