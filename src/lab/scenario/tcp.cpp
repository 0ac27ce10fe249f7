// Bulk TCP from one node to another. The sender has a thread of its own; the receiver counts in the
// calling thread, where bytes are thrown away unread (MSG_TRUNC), so that the probe is not what
// limits the rate. Both ends are closed with a reset: what waits in queues by then would only
// disturb the next probe.
#include <fmt/core.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

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

constexpr base::Duration kConnectPatience = 10s;
// A transfer of a number of bytes in which nothing arrives for so long has failed.
constexpr base::Duration kStallPatience = 10s;
constexpr std::size_t kChunkBytes = std::size_t{256} * 1024;

std::string stopped_text(const Stop& stop) {
  return fmt::format("ended early: {}", stop.reason());
}

void reset_on_close(const base::Fd& socket) {
  const linger now{1, 0};
  static_cast<void>(::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now));
}

class TcpMeasurement {
 public:
  TcpMeasurement(const TcpProbe& probe, const Stop& stop) : probe_(probe), stop_(stop) {}

  TcpReport run() {
    if (listen() && connect_all()) transfer();
    return std::move(report_);
  }

 private:
  bool listen() {
    listener_ = make_socket(probe_.to_netns, probe_.to, SOCK_STREAM);
    system::set_option(listener_.get(), SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
    if (!choose_congestion(listener_)) return false;
    int error = bind_to(listener_, probe_.to, probe_.port);
    if (error == 0 && ::listen(listener_.get(), static_cast<int>(probe_.streams)) != 0) {
      error = errno;
    }
    if (error == 0) return true;
    report_.obstacle = fmt::format("cannot listen on {} port {}: {}", probe_.to.to_string(),
                                   probe_.port, base::errno_text(error));
    return false;
  }

  bool choose_congestion(const base::Fd& socket) {
    const std::string& name = probe_.congestion;
    if (name.empty()) return true;
    if (::setsockopt(socket.get(), IPPROTO_TCP, TCP_CONGESTION, name.data(),
                     static_cast<socklen_t>(name.size())) == 0) {
      return true;
    }
    report_.obstacle = fmt::format(
        "the congestion control {} cannot be used: {} "
        "(/proc/sys/net/ipv4/tcp_available_congestion_control names what there is)",
        name, base::errno_text(errno));
    return false;
  }

  bool connect_all() {
    for (std::uint32_t i = 0; i < probe_.streams; ++i) {
      base::Fd client = make_client(i);
      if (!client) return false;
      base::Fd server(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      while (!server) {
        const Woken woken =
            wait_for(listener_.get(), POLLIN, system::boot_now() + kConnectPatience, stop_);
        if (woken != Woken::ready) return fail_connect(woken, ETIMEDOUT);
        server.reset(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      }
      reset_on_close(client);
      reset_on_close(server);
      clients_.push_back(std::move(client));
      servers_.push_back(std::move(server));
    }
    return true;
  }

  /// A connected socket; none when it could not be connected.
  base::Fd make_client(std::uint32_t stream) {
    base::Fd client = make_socket(probe_.from_netns, probe_.to, SOCK_STREAM);
    if (!choose_congestion(client)) return {};
    if (probe_.source_port != 0) {
      // A port of its own makes the flow the same in every run. One that is taken is no obstacle.
      system::set_option(client.get(), SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
      static_cast<void>(bind_to(client, base::IpAddress::any(probe_.to.family()),
                                static_cast<std::uint16_t>(probe_.source_port + stream)));
    }
    int error = connect_to(client, probe_.to, probe_.port);
    if (error == EINPROGRESS) {
      const Woken woken =
          wait_for(client.get(), POLLOUT, system::boot_now() + kConnectPatience, stop_);
      error = woken == Woken::ready ? pending_error(client) : ETIMEDOUT;
      if (woken == Woken::stopped) {
        fail_connect(woken, 0);
        return {};
      }
    }
    if (error != 0) {
      fail_connect(Woken::timeout, error);
      return {};
    }
    return client;
  }

  bool fail_connect(Woken woken, int error) {
    report_.obstacle = woken == Woken::stopped
                           ? stopped_text(stop_)
                           : fmt::format("no connection to {} port {}: {}", probe_.to.to_string(),
                                         probe_.port, base::errno_text(error));
    return false;
  }

  void transfer() {
    const base::Instant began = system::boot_now();
    run_together([&] { send_all(); }, [&] { receive_all(began); },
                 [&] { finished_.request("end"); });
    read_statistics();
  }

  void send_all() {
    const std::vector<char> chunk(kChunkBytes, 'w');
    std::vector<std::uint64_t> remains(clients_.size());
    for (std::size_t i = 0; i < remains.size(); ++i) remains[i] = share_of(i);
    std::vector<pollfd> polls = watch_all(clients_, POLLOUT);
    while (wait_for(polls, base::Instant::max(), finished_) == Woken::ready) {
      for (std::size_t i = 0; i < polls.size(); ++i) {
        if (polls[i].revents == 0) continue;
        const std::size_t bytes = std::min<std::uint64_t>(chunk.size(), remains[i]);
        const ssize_t sent = ::send(polls[i].fd, chunk.data(), bytes, MSG_NOSIGNAL);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (sent >= 0) remains[i] -= static_cast<std::uint64_t>(sent);
        // A broken stream shows at the receiver.
        if (sent < 0 || remains[i] == 0) polls[i].fd = -1;
      }
    }
  }

  /// What stream `index` has to carry.
  [[nodiscard]] std::uint64_t share_of(std::size_t index) const {
    if (!probe_.bytes) return ~std::uint64_t{0};
    const std::uint64_t streams = probe_.streams;
    return *probe_.bytes / streams + (index < *probe_.bytes % streams ? 1 : 0);
  }

  void receive_all(base::Instant began) {
    std::vector<pollfd> polls = watch_all(servers_, POLLIN);
    const base::Instant end = probe_.bytes ? base::Instant::max() : began + probe_.duration;
    base::Instant last = began;
    samples_.push_back({});
    while (true) {
      if (probe_.bytes && report_.bytes >= *probe_.bytes) break;
      const base::Instant deadline = probe_.bytes ? last + kStallPatience : end;
      const Woken woken = wait_for(polls, deadline, stop_);
      const base::Instant now = system::boot_now();
      if (woken == Woken::stopped) report_.obstacle = stopped_text(stop_);
      if (woken == Woken::timeout && probe_.bytes) {
        report_.obstacle = fmt::format("stalled after {} of {} bytes: nothing came for {}",
                                       report_.bytes, *probe_.bytes, format_time(kStallPatience));
      }
      if (woken != Woken::ready || now >= end || !take(polls)) break;
      last = now;
      // One sample per millisecond is more than enough, and bounds their number.
      if (now - began - samples_.back().at >= 1ms) samples_.push_back({now - began, report_.bytes});
    }
    if (samples_.back().bytes != report_.bytes) samples_.push_back({last - began, report_.bytes});
    finished_.request("end");
    report_.took = last - began;
    report_.rate_bps = steady_rate_bps(samples_, probe_.bytes ? report_.took : probe_.duration);
  }

  /// False when a stream has broken.
  bool take(std::vector<pollfd>& polls) {
    constexpr std::size_t kMost = std::size_t{1} << 30;
    for (pollfd& each : polls) {
      if (each.revents == 0) continue;
      const ssize_t got = ::recv(each.fd, nullptr, kMost, MSG_TRUNC);
      if (got > 0) {
        report_.bytes += static_cast<std::uint64_t>(got);
      } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        report_.obstacle = fmt::format("the connection broke after {} bytes: {}", report_.bytes,
                                       got == 0 ? "closed" : base::errno_text(errno));
        return false;
      }
    }
    return true;
  }

  void read_statistics() {
    for (const base::Fd& each : clients_) {
      tcp_info info{};
      socklen_t length = sizeof info;
      if (::getsockopt(each.get(), IPPROTO_TCP, TCP_INFO, &info, &length) != 0) continue;
      report_.retransmissions += info.tcpi_total_retrans;
      if (&each == &clients_.front()) {
        report_.round_trip = std::chrono::microseconds(info.tcpi_rtt);
      }
    }
    char name[16] = {};
    socklen_t length = sizeof name - 1;
    if (::getsockopt(clients_.front().get(), IPPROTO_TCP, TCP_CONGESTION, name, &length) == 0) {
      report_.congestion = name;
    }
  }

  const TcpProbe& probe_;
  const Stop& stop_;
  Stop finished_;  // the sender's
  base::Fd listener_;
  std::vector<base::Fd> clients_, servers_;
  std::vector<ArrivalSample> samples_;
  TcpReport report_;
};

}  // namespace

TcpReport measure_tcp(const TcpProbe& probe, const Stop& stop) {
  return TcpMeasurement(probe, stop).run();
}

}  // namespace warren::lab
