#include "sim/network.hpp"

#include <algorithm>
#include <array>

namespace warren::sim {

void Network::attach(HostId host, const base::Endpoint& address) {
  if (const auto before = public_of_.find(host); before != public_of_.end()) {
    public_.erase(before->second);
  }
  public_[address] = host;
  public_of_[host] = address;
}

void Network::attach_behind_nat(HostId host, const base::IpAddress& nat, Duration idle) {
  nats_[host] = {.address = nat, .idle = idle, .port = 0, .last_used = {}};
}

void Network::remap(HostId host) {
  nats_.at(host).port = 0;
}

std::optional<HostId> Network::owner(Instant now, const base::Endpoint& address) const {
  if (const auto found = public_.find(address); found != public_.end()) return found->second;
  for (const auto& [host, nat] : nats_) {
    if (nat.port != 0 && nat.port == address.port && nat.address == address.address &&
        now - nat.last_used < nat.idle) {
      return host;
    }
  }
  return std::nullopt;
}

base::Endpoint Network::outward(Instant now, HostId host) {
  const auto found = nats_.find(host);
  if (found == nats_.end()) return public_of_.at(host);
  Nat& nat = found->second;
  if (nat.port == 0 || now - nat.last_used >= nat.idle) nat.port = next_port_++;
  nat.last_used = now;
  return {.address = nat.address, .port = nat.port};
}

void Network::remember(const Datagram& datagram) {
  constexpr std::size_t kMemory = 64;
  if (memory_.size() < kMemory) {
    memory_.push_back(datagram);
  } else {
    memory_[random_.below(kMemory)] = datagram;
  }
}

std::vector<Arrival> Network::carry(std::vector<Datagram> batch) {
  std::vector<Arrival> arrivals;
  Arrival together{.delay = delay(), .datagrams = {}};
  for (Datagram& datagram : batch) {
    if (datagram.ecn != 0 && random_.chance(conditions.mark_congestion)) datagram.ecn = 3;
    disturb(datagram, arrivals);
    const bool handshake = datagram.bytes[0] != std::byte{4};
    if (random_.chance(handshake ? std::max(conditions.loss, conditions.handshake_loss)
                                 : conditions.loss)) {
      continue;
    }
    if (random_.chance(conditions.late)) {
      const auto late = random_.between(conditions.min_delay, conditions.max_lateness);
      arrivals.push_back({.delay = together.delay + late, .datagrams = {std::move(datagram)}});
      continue;
    }
    together.datagrams.push_back(std::move(datagram));
  }
  if (!together.datagrams.empty()) arrivals.push_back(std::move(together));
  return arrivals;
}

void Network::disturb(const Datagram& datagram, std::vector<Arrival>& arrivals) {
  if (random_.chance(conditions.duplicate)) {
    arrivals.push_back({.delay = delay(), .datagrams = {datagram}});
  }
  if (random_.chance(conditions.tampered_copy)) {
    if (auto copy = tampered(datagram)) {
      arrivals.push_back({.delay = delay(), .datagrams = {std::move(*copy)}});
    }
  }
  if (!memory_.empty() && random_.chance(conditions.replay)) {
    Datagram old = memory_[random_.below(memory_.size())];
    old.replay = true;
    // An old datagram from elsewhere must not make the peer seem to have moved. Only transport data
    // is sent so: a handshake message that was refused for its haste alone would be new to the
    // receiver.
    if (random_.chance(0.5) && old.bytes[0] == std::byte{4}) {
      const auto address = static_cast<std::uint32_t>(0xc6120000U + random_.below(65'536));
      std::array<std::byte, 4> bytes;
      base::store_be(bytes.data(), address);
      old.from = {.address = base::IpAddress::from_bytes(base::Family::v4, bytes.data()),
                  .port = 4242};
    }
    const auto later = random_.between(std::chrono::seconds(1), std::chrono::seconds(200));
    arrivals.push_back({.delay = later, .datagrams = {std::move(old)}});
  }
}

std::optional<Datagram> Network::tampered(const Datagram& datagram) {
  std::size_t covered = datagram.bytes.size();
  // The last 16 bytes of a handshake initiation and response are mac2, which is looked at only
  // under load: a copy with another mac2 is as good as the original.
  if (datagram.bytes[0] == std::byte{1} || datagram.bytes[0] == std::byte{2}) covered -= 16;
  if (covered == 0) return std::nullopt;
  Datagram copy = datagram;
  copy.bytes[random_.below(covered)] ^= static_cast<std::byte>(1U << random_.below(8));
  copy.tampered = true;
  return copy;
}

}  // namespace warren::sim
