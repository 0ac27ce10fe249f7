// Two devices in virtual time, joined by a link that loses nothing and takes no time, unless a test
// says otherwise. a has the inner addresses 10.0.0.1 and fd00::1, b has 10.0.0.2 and fd00::2.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>

#include "node.hpp"
#include "packets.hpp"

namespace warren::test {

using namespace std::chrono_literals;

class Pair {
 public:
  explicit Pair(const protocol::DeviceOptions& options = {}, std::uint64_t seed = 1,
                crypto::Cipher cipher = crypto::Cipher::chacha20_poly1305)
      : Pair(options, options, seed, cipher, cipher) {}
  /// Two that may not fit together.
  Pair(const protocol::DeviceOptions& a_options, const protocol::DeviceOptions& b_options,
       std::uint64_t seed, crypto::Cipher a_cipher, crypto::Cipher b_cipher)
      : a(seed, endpoint("192.0.2.1:1000"), a_options, a_cipher),
        b(seed + 1'000'003, endpoint("192.0.2.2:2000"), b_options, b_cipher) {
    now.boot += 1h;
    now.wall += std::chrono::hours(24 * 365 * 50);
    const crypto::PublicKey a_key = a.start(now);
    const crypto::PublicKey b_key = b.start(now);
    to_b = a.device.add_peer(now, b_key).value();
    to_a = b.device.add_peer(now, a_key).value();
    a.device.set_endpoint(to_b, b.endpoint);
    b.device.set_endpoint(to_a, a.endpoint);
    a.device.allow_ip(to_b, network("10.0.0.2/32"));
    a.device.allow_ip(to_b, network("fd00::2/128"));
    b.device.allow_ip(to_a, network("10.0.0.1/32"));
    b.device.allow_ip(to_a, network("fd00::1/128"));
  }

  [[nodiscard]] Packet packet_to_b(std::size_t bytes = 100, std::uint8_t fill = 0) const {
    return ip_packet(ip("10.0.0.1"), ip("10.0.0.2"), bytes, fill);
  }
  [[nodiscard]] Packet packet_to_a(std::size_t bytes = 100, std::uint8_t fill = 0) const {
    return ip_packet(ip("10.0.0.2"), ip("10.0.0.1"), bytes, fill);
  }

  /// Carries datagrams until both sides are quiet. `filter` sees each one, may change it, and says
  /// whether it arrives. What is addressed to neither is lost.
  void deliver() {
    while (!a.outbox.empty() || !b.outbox.empty()) {
      Node& sender = a.outbox.empty() ? b : a;
      Datagram datagram = std::move(sender.outbox.front());
      sender.outbox.pop_front();
      ++carried;
      if (filter && !filter(datagram)) continue;
      if (datagram.to == a.endpoint)
        a.receive(now, std::move(datagram));
      else if (datagram.to == b.endpoint)
        b.receive(now, std::move(datagram));
    }
  }

  /// Lets `duration` pass: every timer runs exactly when it is due.
  void advance(base::Duration duration) {
    const base::Instant end = now.boot + duration;
    for (;;) {
      deliver();
      const auto next = next_timeout();
      if (!next || *next > end) break;
      step_to(std::max(*next, now.boot));
    }
    step_to(end);
    deliver();
  }

  [[nodiscard]] std::optional<base::Instant> next_timeout() const {
    const auto one = a.device.poll_timeout();
    const auto other = b.device.poll_timeout();
    if (!one || !other) return one ? one : other;
    return std::min(*one, *other);
  }

  /// a sends to b, which makes them shake hands.
  void establish() {
    a.seal(now, to_b, packet_to_b());
    deliver();
    a.delivered.clear();
    b.delivered.clear();
    carried = 0;
  }

  base::Now now{};
  Node a;
  Node b;
  protocol::PeerId to_b;  ///< as a knows b
  protocol::PeerId to_a;  ///< as b knows a
  std::function<bool(Datagram&)> filter;
  std::size_t carried = 0;  ///< datagrams that were put on the link

 private:
  void step_to(base::Instant instant) {
    now.wall += instant - now.boot;
    now.boot = instant;
    a.handle_timeout(now);
    b.handle_timeout(now);
  }
};

/// The type of a datagram of the protocol, 0 for an empty one.
inline unsigned type_of(const Datagram& datagram) {
  return datagram.bytes.empty() ? 0 : std::to_integer<unsigned>(datagram.bytes[0]);
}

}  // namespace warren::test
