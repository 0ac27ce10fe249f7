// Numbered datagrams at a pace. The sender has a thread of its own; what is due goes out in one
// sendmmsg, so that a late wake-up does not lower the rate. The receiver reads the kernel's stamps.
#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include <warren/base/bytes.hpp>
#include <warren/base/error.hpp>
#include <warren/lab/probe.hpp>
#include <warren/system/clock.hpp>
#include <warren/system/socket_options.hpp>

#include "sockets.hpp"
#include "statistics.hpp"
#include "waiting.hpp"

namespace warren::lab {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kMagic = 0x57555052;  // "WUPR"
constexpr std::size_t kBatch = 32;
constexpr base::Duration kQuiet = 1s;
constexpr base::Duration kCopiesPatience = 20ms;

class UdpMeasurement {
 public:
  UdpMeasurement(const UdpProbe& probe, const Stop& stop)
      : probe_(probe), stop_(stop), tracker_(probe.count) {}

  UdpReport run() {
    if (!open()) return std::move(report_);
    began_ = system::boot_now();
    run_together([&] { send_all(); }, [&] { receive_all(); }, [&] { finished_.request("end"); });
    report_.sent = sent_.load();
    if (report_.obstacle.empty()) report_.obstacle = std::move(refusal_);
    report_.received = tracker_.received();
    report_.duplicated = tracker_.duplicated();
    report_.reordered = tracker_.reordered();
    const auto gaps = static_cast<std::int64_t>(std::max<std::uint64_t>(probe_.count, 1) - 1);
    report_.rate_bps =
        delivered_rate_bps(arrivals_, probe_.payload_bytes, last_ - first_, gaps * probe_.interval);
    return std::move(report_);
  }

 private:
  bool open() {
    receiver_ = make_socket(probe_.to_netns, probe_.to, SOCK_DGRAM);
    system::set_buffers(receiver_.get(), 16 << 20);
    system::set_option(receiver_.get(), SOL_SOCKET, SO_TIMESTAMPNS, 1, "SO_TIMESTAMPNS");
    system::set_option(receiver_.get(), SOL_SOCKET, SO_RXQ_OVFL, 1, "SO_RXQ_OVFL");
    if (const int error = bind_to(receiver_, probe_.to, probe_.port); error != 0) {
      report_.obstacle = fmt::format("cannot bind to {} port {}: {}", probe_.to.to_string(),
                                     probe_.port, base::errno_text(error));
      return false;
    }
    sender_ = make_socket(probe_.from_netns, probe_.to, SOCK_DGRAM);
    system::set_buffers(sender_.get(), 4 << 20);
    if (probe_.source_port != 0) {
      // A port of its own makes the flow the same in every run. One that is taken is no obstacle.
      static_cast<void>(
          bind_to(sender_, base::IpAddress::any(probe_.to.family()), probe_.source_port));
    }
    if (const int error = connect_to(sender_, probe_.to, probe_.port); error != 0) {
      report_.obstacle =
          fmt::format("cannot send to {}: {}", probe_.to.to_string(), base::errno_text(error));
      return false;
    }
    return true;
  }

  // ---- the sender's thread

  void send_all() {
    use_precise_timers();
    std::vector<std::byte> packets(kBatch * probe_.payload_bytes, std::byte{0x5a});
    std::uint64_t number = 0;
    while (number < probe_.count && !finished_.requested()) {
      const base::Instant due = began_ + static_cast<std::int64_t>(number) * probe_.interval;
      const base::Instant now = system::boot_now();
      if (now < due) {
        if (!sleep_until(due, finished_)) break;
        continue;
      }
      std::uint64_t batch = std::min<std::uint64_t>(kBatch, probe_.count - number);
      if (probe_.interval > base::Duration::zero()) {
        batch = std::min(batch, static_cast<std::uint64_t>((now - due) / probe_.interval) + 1);
      }
      number += send_batch(packets, number, batch);
    }
    all_sent_.request("all sent");
  }

  /// How many packets are done with: sent, or refused by the kernel, which counts as sent and lost.
  std::uint64_t send_batch(std::vector<std::byte>& packets, std::uint64_t first,
                           std::uint64_t batch) {
    std::array<mmsghdr, kBatch> messages{};
    std::array<iovec, kBatch> pieces;
    for (std::size_t i = 0; i < batch; ++i) {
      std::byte* packet = packets.data() + i * probe_.payload_bytes;
      base::store_be(packet, kMagic);
      base::store_be<std::uint32_t>(packet + 4, probe_.source_port);
      base::store_be<std::uint64_t>(packet + 8, first + i);
      pieces[i] = {packet, probe_.payload_bytes};
      messages[i].msg_hdr.msg_iov = &pieces[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    const int done =
        ::sendmmsg(sender_.get(), messages.data(), static_cast<unsigned>(batch), MSG_NOSIGNAL);
    if (done > 0) {
      sent_ += static_cast<std::uint64_t>(done);
      return static_cast<std::uint64_t>(done);
    }
    if (errno == EAGAIN) {
      wait_for(sender_.get(), POLLOUT, base::Instant::max(), finished_);
      return 0;
    }
    if (errno == EINTR) return 0;
    refusal_ = fmt::format("sending to {}: {}", probe_.to.to_string(), base::errno_text(errno));
    ++sent_;
    return 1;
  }

  // ---- the receiver's

  void receive_all() {
    base::Instant last_sign = began_;
    base::Duration patience = kQuiet;
    while (true) {
      // While packets are being sent there is no hurry: silence counts from the last one. Once all
      // have come, only second copies can follow.
      const bool sending = !all_sent_.requested();
      const bool complete = tracker_.received() == probe_.count;
      const base::Instant deadline =
          sending ? base::Instant::max()
                  : std::max(last_sign, sent_all_at_) + (complete ? kCopiesPatience : patience);
      std::array<pollfd, 2> polls{
          {{receiver_.get(), POLLIN, 0}, {sending ? all_sent_.fd() : -1, POLLIN, 0}}};
      const Woken woken = wait_for(polls, deadline, stop_);
      if (woken == Woken::stopped) {
        report_.obstacle = fmt::format("ended early: {}", stop_.reason());
        break;
      }
      if (woken == Woken::timeout) break;
      if (polls[1].revents != 0) sent_all_at_ = system::boot_now();
      if (polls[0].revents == 0) continue;
      while (take()) {
      }
      last_sign = system::boot_now();
      if (patience == kQuiet && arrivals_ > 0) patience += 2 * (last_sign - began_);
    }
    finished_.request("end");
  }

  /// One batch; false when there is none.
  bool take() {
    std::array<std::array<std::byte, kLeastUdpPayload>, kBatch> heads;
    alignas(cmsghdr) std::array<std::array<char, 128>, kBatch> controls;
    std::array<iovec, kBatch> pieces;
    std::array<mmsghdr, kBatch> messages{};
    for (std::size_t i = 0; i < kBatch; ++i) {
      pieces[i] = {heads[i].data(), heads[i].size()};
      messages[i].msg_hdr.msg_iov = &pieces[i];
      messages[i].msg_hdr.msg_iovlen = 1;
      messages[i].msg_hdr.msg_control = controls[i].data();
      messages[i].msg_hdr.msg_controllen = controls[i].size();
    }
    const int count =
        ::recvmmsg(receiver_.get(), messages.data(), kBatch, MSG_TRUNC | MSG_DONTWAIT, nullptr);
    for (int i = 0; i < count; ++i) {
      const auto index = static_cast<std::size_t>(i);
      record(messages[index], heads[index].data());
    }
    return count == static_cast<int>(kBatch);
  }

  void record(const mmsghdr& message, const std::byte* head) {
    if (const auto overflowed = overflow_count(message.msg_hdr)) report_.overflowed = *overflowed;
    // Somebody else's datagrams, or those of an earlier probe, are not ours to count.
    if (message.msg_len != probe_.payload_bytes || base::load_be<std::uint32_t>(head) != kMagic ||
        base::load_be<std::uint32_t>(head + 4) != probe_.source_port ||
        !tracker_.record(base::load_be<std::uint64_t>(head + 8))) {
      return;
    }
    const base::WallTime when = receive_stamp(message.msg_hdr).value_or(system::wall_now());
    if (arrivals_ == 0) first_ = when;
    last_ = when;
    ++arrivals_;
  }

  const UdpProbe& probe_;
  const Stop& stop_;
  Stop finished_;  // the sender's
  Stop all_sent_;  // the receiver's
  SequenceTracker tracker_;
  base::Fd sender_, receiver_;
  base::Instant began_, sent_all_at_;
  std::atomic<std::uint64_t> sent_{0};
  std::string refusal_;  // the sender's until it has ended
  base::WallTime first_, last_;
  std::uint64_t arrivals_ = 0;
  UdpReport report_;
};

}  // namespace

UdpReport measure_udp(const UdpProbe& probe, const Stop& stop) {
  return UdpMeasurement(probe, stop).run();
}

}  // namespace warren::lab
