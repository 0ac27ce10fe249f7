// ICMP echo over a raw socket in the node. A reply's moment is the kernel's stamp of its arrival,
// so that how soon this process wakes up does not show in the round trip.
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <warren/base/bytes.hpp>
#include <warren/base/error.hpp>
#include <warren/lab/probe.hpp>
#include <warren/packet/checksum.hpp>
#include <warren/system/clock.hpp>
#include <warren/system/socket_options.hpp>

#include "sockets.hpp"
#include "waiting.hpp"

namespace warren::lab {
namespace {

using namespace std::chrono_literals;

// linux/icmp.h: a set bit filters the type out. ICMP_ECHOREPLY is 0.
constexpr std::uint32_t kAllButEchoReply = ~1U;
constexpr std::size_t kEchoHeaderBytes = 8;

class Pinger {
 public:
  explicit Pinger(const PingProbe& probe)
      : probe_(probe),
        socket_(make_socket(probe.netns, probe.to, SOCK_RAW,
                            probe.to.is_v4() ? IPPROTO_ICMP : IPPROTO_ICMPV6)),
        request_(kEchoHeaderBytes + probe.payload_bytes),
        began_(system::boot_now()) {
    set_options();
    if (const int error = connect_to(socket_, probe.to, 0); error != 0) {
      report_.obstacle = base::errno_text(error);
      connected_ = false;
    }
    fill_request();
  }

  /// The request with the next number. What the kernel refuses is an obstacle, not an error.
  void send() {
    if (!connected_) {
      // The route may have come meanwhile.
      const int error = connect_to(socket_, probe_.to, 0);
      connected_ = error == 0;
      if (error != 0) report_.obstacle = base::errno_text(error);
    }
    const auto number = static_cast<std::uint16_t>(report_.sent);
    base::store_be(request_.data() + 6, number);
    if (probe_.to.is_v4()) {  // the kernel fills in ICMPv6's
      base::store_be<std::uint16_t>(request_.data() + 2, 0);
      base::store_be(request_.data() + 2, packet::Checksum(request_).value());
    }
    sent_at_.push_back(system::wall_now());
    seen_.push_back(false);
    ++report_.sent;
    if (!connected_) return;
    for (int attempt = 0; attempt < 2; ++attempt) {
      if (::send(socket_.get(), request_.data(), request_.size(), MSG_NOSIGNAL) >= 0) return;
      const int error = errno;
      // An ICMP error that came for an earlier request is reported here once (ip(7), IP_RECVERR).
      std::string queued = drain_errors(socket_);
      report_.obstacle = queued.empty() ? base::errno_text(error) : std::move(queued);
    }
  }

  /// Takes what comes until `deadline`, or until `enough` says so. False when it was stopped.
  template <class Enough>
  bool receive_until(base::Instant deadline, const Stop& stop, Enough enough) {
    while (!enough()) {
      const Woken woken = wait_for(socket_.get(), POLLIN, deadline, stop);
      if (woken == Woken::stopped) return false;
      if (woken == Woken::timeout) return true;
      if (std::string said = drain_errors(socket_); !said.empty()) {
        report_.obstacle = std::move(said);
      }
      while (receive()) {
      }
    }
    return true;
  }

  [[nodiscard]] const PingReport& report() const noexcept { return report_; }
  [[nodiscard]] base::Instant began() const noexcept { return began_; }
  PingReport take() { return std::move(report_); }

 private:
  void set_options() {
    system::set_option(socket_.get(), SOL_SOCKET, SO_TIMESTAMPNS, 1, "SO_TIMESTAMPNS");
    system::set_buffers(socket_.get(), 1 << 20);
    if (probe_.to.is_v4()) {
      const std::uint32_t filter = kAllButEchoReply;
      base::check_system_call(
          ::setsockopt(socket_.get(), SOL_RAW, ICMP_FILTER, &filter, sizeof filter), "setting",
          "ICMP_FILTER");
      system::set_option(socket_.get(), IPPROTO_IP, IP_RECVERR, 1, "IP_RECVERR");
      system::set_option(socket_.get(), IPPROTO_IP, IP_MTU_DISCOVER,
                         probe_.dont_fragment ? IP_PMTUDISC_DO : IP_PMTUDISC_DONT,
                         "IP_MTU_DISCOVER");
      return;
    }
    std::array<std::uint32_t, 8> filter;  // a set bit filters the type out
    filter.fill(~0U);
    filter[ICMPV6_ECHO_REPLY / 32] &= ~(1U << (ICMPV6_ECHO_REPLY % 32));
    base::check_system_call(
        ::setsockopt(socket_.get(), IPPROTO_ICMPV6, ICMPV6_FILTER, filter.data(), sizeof filter),
        "setting", "ICMPV6_FILTER");
    system::set_option(socket_.get(), IPPROTO_IPV6, IPV6_RECVERR, 1, "IPV6_RECVERR");
    system::set_option(socket_.get(), IPPROTO_IPV6, IPV6_MTU_DISCOVER,
                       probe_.dont_fragment ? IPV6_PMTUDISC_DO : IPV6_PMTUDISC_DONT,
                       "IPV6_MTU_DISCOVER");
    if (probe_.dont_fragment)
      system::set_option(socket_.get(), IPPROTO_IPV6, IPV6_DONTFRAG, 1, "IPV6_DONTFRAG");
  }

  void fill_request() {
    request_[0] = static_cast<std::byte>(probe_.to.is_v4() ? ICMP_ECHO : ICMPV6_ECHO_REQUEST);
    base::store_be(request_.data() + 4, probe_.identifier);
    for (std::size_t i = kEchoHeaderBytes; i < request_.size(); ++i) {
      request_[i] = static_cast<std::byte>(i);
    }
  }

  /// One message; false when there is none.
  bool receive() {
    ReceivedMessage message;
    const ssize_t length = message.receive(socket_, MSG_TRUNC);
    if (length < 0) {
      if (errno == EINTR) return true;
      if (errno != EAGAIN) report_.obstacle = base::errno_text(errno);
      return false;
    }
    const auto whole = static_cast<std::size_t>(length);
    handle(message.data().first(std::min(message.data().size(), whole)), whole,
           receive_stamp(message.header()).value_or(system::wall_now()));
    return true;
  }

  void handle(base::ConstBytes data, std::size_t whole, base::WallTime when) {
    // A raw IPv4 socket hands over the IP header too.
    std::size_t header = 0;
    if (probe_.to.is_v4()) {
      if (data.empty()) return;
      header = (std::to_integer<std::size_t>(data[0]) & 0x0fU) * 4;
    }
    if (data.size() < header + kEchoHeaderBytes || whole - header != request_.size()) return;
    const std::byte* echo = data.data() + header;
    const auto reply =
        static_cast<std::byte>(probe_.to.is_v4() ? ICMP_ECHOREPLY : ICMPV6_ECHO_REPLY);
    if (echo[0] != reply || base::load_be<std::uint16_t>(echo + 4) != probe_.identifier) return;
    // The number on the wire has 16 bits: the latest request with these is meant.
    const auto low = base::load_be<std::uint16_t>(echo + 6);
    if (report_.sent <= low) return;
    const std::uint64_t number = low + ((report_.sent - 1 - low) & ~std::uint64_t{0xffff});
    if (seen_[number]) {
      ++report_.duplicates;
      return;
    }
    seen_[number] = true;
    ++report_.received;
    report_.round_trips.push_back(std::max(when - sent_at_[number], base::Duration::zero()));
    if (!report_.first_reply) report_.first_reply = system::boot_now() - began_;
  }

  const PingProbe& probe_;
  base::Fd socket_;
  std::vector<std::byte> request_;
  std::vector<base::WallTime> sent_at_;
  std::vector<bool> seen_;
  bool connected_ = true;
  base::Instant began_;
  PingReport report_;
};

}  // namespace

PingReport ping_until_reply(const PingProbe& probe, base::Duration within, const Stop& stop) {
  constexpr base::Duration kInterval = 50ms;
  Pinger pinger(probe);
  const auto answered = [&] { return pinger.report().received > 0; };
  const base::Instant deadline = pinger.began() + within;
  for (base::Instant due = pinger.began(); due < deadline && !answered(); due += kInterval) {
    pinger.send();
    if (!pinger.receive_until(std::min(due + kInterval, deadline), stop, answered)) break;
  }
  return pinger.take();
}

PingReport ping_series(const PingProbe& probe, std::uint32_t count, base::Duration interval,
                       const Stop& stop) {
  use_precise_timers();
  Pinger pinger(probe);
  const auto never = [] { return false; };
  for (std::uint32_t i = 0; i < count; ++i) {
    pinger.send();
    if (i + 1 == count) break;
    if (!pinger.receive_until(pinger.began() + (i + 1) * interval, stop, never)) {
      return pinger.take();
    }
  }
  base::Duration patience = 1s;
  for (const base::Duration each : pinger.report().round_trips) {
    patience = std::max(patience, 2 * each);
  }
  pinger.receive_until(system::boot_now() + patience, stop,
                       [&] { return pinger.report().received == pinger.report().sent; });
  return pinger.take();
}

}  // namespace warren::lab
