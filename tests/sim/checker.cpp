#include "sim/checker.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <warren/protocol/limits.hpp>

namespace warren::sim {

void Checker::violation(Instant now, const std::string& what) {
  // The first few say what went wrong; the rest follows from them.
  if (violations_.size() >= 8) return;
  const double seconds = std::chrono::duration<double>(now.time_since_epoch()).count();
  violations_.push_back(fmt::format("at {:.6f} s: {}", seconds, what));
}

void Checker::sent(Sent packet) {
  if (strict_ && !packet.forged) awaited_.push_back(packet.packet.id);
  sent_.push_back(std::move(packet));
}

void Checker::delivered(Instant now, HostId host, HostId from, base::ConstBytes bytes) {
  const auto id = claimed_id(bytes, ethernet_);
  if (!id || *id == 0 || *id > sent_.size()) {
    violation(now, fmt::format("host {} delivered {} bytes that nobody sent", host, bytes.size()));
    return;
  }
  Sent& packet = sent_[*id - 1];
  if (!matches(packet.packet, bytes)) {
    violation(now, fmt::format("host {} delivered packet {} corrupted", host, *id));
  }
  if (packet.forged) {
    violation(now, fmt::format("host {} delivered packet {} with a source not allowed", host, *id));
  }
  if (packet.to ? *packet.to != host : packet.from == host) {
    violation(now, fmt::format("packet {} from host {} was delivered to host {}", *id, packet.from,
                               host));
  }
  // In a hub, frames come from another peer than the one who made them.
  if (!ethernet_ && packet.from != from) {
    violation(now, fmt::format("packet {} of host {} was taken for one of host {}", *id,
                               packet.from, from));
  }
  if (std::ranges::find(packet.delivered_to, host) != packet.delivered_to.end()) {
    violation(now, fmt::format("packet {} was delivered to host {} twice", *id, host));
    return;
  }
  packet.delivered_to.push_back(host);
  ++delivered_count_;
}

void Checker::set_strict(Instant now, bool strict) {
  check_deadlines(now);
  strict_ = strict;
  // What is on its way when a disturbance begins may be lost.
  awaited_.clear();
}

void Checker::check_deadlines(Instant now) {
  while (!awaited_.empty()) {
    const Sent& packet = sent_[awaited_.front() - 1];
    if (packet.at + kDeliveryDeadline >= now) return;
    awaited_.pop_front();
    const bool excused = packet.at_risk && handshake_near && handshake_near(packet);
    if (packet.delivered_to.empty() && !excused) {
      violation(now, fmt::format("packet {} from host {} to {} did not arrive, though the network "
                                 "was sound for long enough",
                                 packet.packet.id, packet.from,
                                 packet.to ? fmt::format("host {}", *packet.to) : "anyone"));
    }
  }
}

void Checker::session_used(Instant now, HostId host, Duration age, const char* for_what) {
  oldest_session_ = std::max(oldest_session_, age);
  if (age <= protocol::kRejectAfterTime) return;
  violation(now, fmt::format("host {} used a session of {} ms for {}", host,
                             age / std::chrono::milliseconds(1), for_what));
}

void Checker::timeout_handled(Instant now, HostId host, std::size_t peers) {
  // Each peer has five timers; none is due more than once in a second after a change of state, and
  // a change of state may set each anew a few times.
  const std::size_t bound = 10 + 10 * peers;
  TimeoutRate& rate = timeouts_[host];
  const auto second = now.time_since_epoch() / std::chrono::seconds(1);
  if (second != rate.second) rate = {.second = second, .in_second = 0, .total = rate.total};
  ++rate.total;
  if (++rate.in_second == bound + 1) {
    violation(now, fmt::format("host {} spins: more than {} timeouts in a second", host, bound));
  }
}

std::uint64_t Checker::timeouts_handled(HostId host) const {
  const auto found = timeouts_.find(host);
  return found == timeouts_.end() ? 0 : found->second.total;
}

}  // namespace warren::sim
