#include "sim/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

namespace warren::sim {
namespace {

constexpr std::uint16_t kListenPort = 51'820;
constexpr double kForgedShare = 0.02;

/// Every backend of either cipher that this machine has takes part, by turns. Making one is slow
/// and they keep nothing between calls, so all runs share them.
crypto::Aead& aead_for(std::uint64_t seed) {
  static std::vector<crypto::Aead> engines = [] {
    std::vector<crypto::Aead> made;
    for (const auto cipher : {crypto::Cipher::chacha20_poly1305, crypto::Cipher::aes_256_gcm}) {
      for (const auto backend : crypto::available_backends(cipher)) {
        made.emplace_back(backend, cipher);
      }
    }
    return made;
  }();
  return engines[seed % engines.size()];
}

}  // namespace

World::World(std::uint64_t seed, const protocol::DeviceOptions& options)
    : tracing_(std::getenv("WARREN_SIM_TRACE") != nullptr),
      random_(seed),
      options_(options),
      aead_(aead_for(seed)),
      checker_(options.kind == protocol::Kind::tap),
      network_(random_.next()) {
  checker_.handshake_near = [this](const Checker::Sent& sent) {
    return std::ranges::any_of(legs(sent.from, sent.meant_for), [&](const auto& leg) {
      return watch_.responded_since(sent.at - Checker::kDeliveryDeadline, leg.first, leg.second);
    });
  };
}

void World::trace(const std::string& what) const {
  if (!tracing_) return;
  fmt::print("{:12.6f} {}\n", std::chrono::duration<double>(now_.time_since_epoch()).count(), what);
}

base::Endpoint World::new_address() {
  const std::uint32_t number = next_address_++;
  std::array<std::byte, 16> bytes{};
  const bool v4 = random_.chance(0.5);
  if (v4) {
    base::store_be(bytes.data(), std::uint32_t{0xcb007100U} + number);  // 203.0.113.0 and on
  } else {
    base::store_be(bytes.data(), std::uint64_t{0x20010db8'00000000U});
    base::store_be(&bytes[8], std::uint64_t{number});
  }
  return {.address =
              base::IpAddress::from_bytes(v4 ? base::Family::v4 : base::Family::v6, bytes.data()),
          .port = kListenPort};
}

HostId World::add_host(const protocol::DeviceOptions& options) {
  const HostId id = hosts_.size();
  hosts_.push_back(std::make_unique<Host>(*this, id, options));
  configured_.emplace_back();
  roam(id);
  return id;
}

HostId World::add_host_behind_nat(Duration idle) {
  const HostId id = hosts_.size();
  hosts_.push_back(std::make_unique<Host>(*this, id, options_));
  configured_.emplace_back();
  network_.attach_behind_nat(id, new_address().address, idle);
  return id;
}

void World::roam(HostId id) {
  const auto address = new_address();
  network_.attach(id, address);
  hosts_[id]->change_local_address();
  if (!configured_[id]) configured_[id] = address;
}

void World::connect(HostId a, HostId b, const Link& link) {
  const bool any_nat = network_.behind_nat(a) || network_.behind_nat(b);
  std::optional<std::uint64_t> preshared_seed;
  if (link.preshared_key) preshared_seed = random_.next();
  for (const auto& [self, other] : {std::pair(a, b), std::pair(b, a)}) {
    const bool keeps_alive = !any_nat || network_.behind_nat(self);
    hosts_[self]->configure_peer(other, configured_[other],
                                 keeps_alive ? link.keepalive : Duration{0}, preshared_seed);
  }
}

void World::add_flow(const Flow& flow) {
  flows_.push_back(flow);
}

void World::add_flows_both_ways(HostId a, HostId b) {
  add_flow({.from = a, .to = b});
  add_flow({.from = b, .to = a});
}

void World::start() {
  for (auto& host : hosts_) host->start();
  set_flows(true);
}

// ---- time
// ----------------------------------------------------------------------------------------

void World::at(Instant when, std::function<void()> action) {
  events_.push_back(
      {.at = std::max(when, now_), .order = next_order_++, .action = std::move(action)});
  std::ranges::push_heap(events_, later);
}

void World::run_for(Duration duration) {
  const Instant end = now_ + duration;
  while (!events_.empty() && events_.front().at <= end) {
    std::ranges::pop_heap(events_, later);
    Event event = std::move(events_.back());
    events_.pop_back();
    now_ = event.at;
    checker_.check_deadlines(now_);
    event.action();
    // Nothing after the first violation is worth the time.
    if (!checker_.violations().empty()) break;
  }
  now_ = end;
  checker_.check_deadlines(now_);
}

void World::run_strictly_for(Duration duration) {
  checker_.set_strict(now_, true);
  run_for(duration);
  checker_.set_strict(now_, false);
}

// ---- traffic
// -------------------------------------------------------------------------------------

void World::set_flows(bool running) {
  if (running == flows_running_) return;
  flows_running_ = running;
  ++flows_generation_;
  if (!running) return;
  for (const Flow& flow : flows_) schedule(flow, flows_generation_);
}

void World::schedule(const Flow& flow, std::uint64_t generation) {
  after(random_.between(flow.min_gap, flow.max_gap), [this, flow, generation] {
    if (generation != flows_generation_) return;
    send(flow);
    schedule(flow, generation);
  });
}

std::optional<base::IpAddress> World::forged_source(const Flow& flow, base::Family family) {
  const HostId third = random_.below(hosts_.size());
  if (third != flow.from && third != flow.to && third != 0 && hosts_[flow.to]->knows(third)) {
    return Host::inner_address(third, family, random_);
  }
  // Host 0 may speak for whom nobody else does.
  if (flow.from == 0) return std::nullopt;
  return base::IpAddress::parse(family == base::Family::v4 ? "192.0.2.1" : "2001:db8:ffff::1");
}

std::vector<std::pair<HostId, HostId>> World::legs(HostId from, HostId to) const {
  if (hosts_[from]->knows(to)) return {{from, to}};
  return {{from, 0}, {0, to}};  // by way of the hub
}

bool World::at_risk(const Flow& flow) const {
  return std::ranges::any_of(legs(flow.from, flow.to), [this](const auto& leg) {
    return watch_.crossed(leg.first, leg.second);
  });
}

void World::send(const Flow& flow) {
  const bool ethernet = options_.kind == protocol::Kind::tap;
  std::vector<InnerPacket> packets;
  const std::size_t count = random_.chance(0.2) ? 1 + random_.below(flow.max_batch) : 1;
  for (std::size_t i = 0; i < count; ++i) {
    const auto family = random_.chance(0.5) ? base::Family::v4 : base::Family::v6;
    // Mostly small, for speed; now and then as large as the MTU has room for.
    const std::size_t room = options_.mtu - kMaxInnerOverhead - kIdBytes;
    const std::size_t extra = random_.chance(0.02) ? room : random_.below(64);
    InnerPacket packet{.id = checker_.next_id(),
                       .source = Host::inner_address(flow.from, family, random_),
                       .destination = Host::inner_address(flow.to, family, random_),
                       .payload_bytes = kIdBytes + extra,
                       .ecn = static_cast<std::uint8_t>(random_.below(4)),
                       .source_mac = {},
                       .destination_mac = {}};
    bool forged = false;
    if (ethernet) {
      packet.source_mac = hosts_[flow.from]->mac();
      packet.destination_mac = hosts_[flow.to]->mac();
    } else if (random_.chance(kForgedShare)) {
      if (const auto source = forged_source(flow, family)) {
        packet.source = *source;
        forged = true;
      }
    }
    checker_.sent({.packet = packet,
                   .from = flow.from,
                   .to = ethernet ? std::nullopt : std::optional(flow.to),
                   .meant_for = flow.to,
                   .forged = forged,
                   .at = now_,
                   .at_risk = at_risk(flow),
                   .delivered_to = {}});
    packets.push_back(packet);
  }
  hosts_[flow.from]->send(packets);
}

void World::transmit(HostId from, std::vector<Datagram> batch) {
  const base::Endpoint source = network_.outward(now_, from);
  const auto to = network_.owner(now_, batch.front().to);
  for (Datagram& datagram : batch) {
    datagram.from = source;
    if (const auto age = watch_.leaves(now_, from, to, datagram.bytes)) {
      checker_.session_used(now_, from, *age, "sending");
    }
  }
  if (tracing_ && batch.front().bytes[0] != std::byte{4}) {
    trace(fmt::format("host {} sends a message of type {} to {}", from,
                      std::to_integer<int>(batch.front().bytes[0]),
                      to ? fmt::format("host {}", *to) : "nobody"));
  }
  const bool cut = to && network_.is_cut(from, *to);
  for (Arrival& arrival : network_.carry(std::move(batch))) {
    if (cut && !arrival.datagrams.front().replay) continue;
    after(arrival.delay, [this, datagrams = std::move(arrival.datagrams)]() mutable {
      arrive(std::move(datagrams));
    });
  }
}

void World::inject(Datagram datagram) {
  std::vector<Datagram> one;
  one.push_back(std::move(datagram));
  arrive(std::move(one));
}

void World::arrive(std::vector<Datagram> datagrams) {
  const auto to = network_.owner(now_, datagrams.front().to);
  if (!to) return;
  const auto delivered_before = checker_.delivered_count();
  std::optional<Duration> oldest;
  for (const Datagram& datagram : datagrams) {
    if (datagram.tampered) continue;
    if (const auto age = watch_.arrives(now_, datagram.bytes)) oldest = std::max(oldest, age);
  }
  const std::vector<Datagram> copies = datagrams;
  if (!hosts_[*to]->receive(std::move(datagrams))) return;
  if (oldest && checker_.delivered_count() > delivered_before) {
    checker_.session_used(now_, *to, *oldest, "receiving");
  }
  for (const Datagram& copy : copies) {
    if (!copy.tampered && !copy.replay) network_.remember(copy);
  }
}

std::uint64_t World::datagrams_sent() {
  std::uint64_t total = 0;
  for (const auto& host : hosts_) total += host->datagrams_sent();
  return total;
}

}  // namespace warren::sim
