// Is a text readable on a link? The text is sent by UDP and by TCP while packet sockets at both
// ends of the link look through every frame, whole. That nothing was found only means something
// when the data arrived and when the link carried at least as much meanwhile: the report has both.
#include <fmt/core.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include <warren/base/error.hpp>
#include <warren/lab/probe.hpp>
#include <warren/system/clock.hpp>
#include <warren/system/namespaces.hpp>
#include <warren/system/socket_options.hpp>

#include "sockets.hpp"
#include "waiting.hpp"

namespace warren::lab {
namespace {

using namespace std::chrono_literals;

constexpr base::Duration kPatience = 10s;
constexpr std::size_t kDatagramBytes = 512;
constexpr std::size_t kStreamBytes = std::size_t{16} * 1024;
// A super-packet, its headers, and what a tunnel adds to it.
constexpr std::size_t kFrameBytes = std::size_t{128} * 1024;

std::string repeated(std::string_view marker, std::size_t bytes) {
  std::string text;
  do {
    text += marker;
    text += ' ';
  } while (text.size() < bytes);
  return text;
}

/// A packet socket on one device, both directions.
base::Fd open_tap_point(const TapPoint& point) {
  return system::in_netns(point.netns, [&] {
    base::Fd socket(
        base::check_system_call(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
                                "making", "a packet socket"));
    system::set_buffers(socket.get(), 16 << 20);
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = static_cast<int>(::if_nametoindex(point.device.c_str()));
    if (address.sll_ifindex == 0) {
      throw base::SystemError("finding the interface", point.device, errno);
    }
    base::check_system_call(
        ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
        "listening on the interface", point.device);
    return socket;
  });
}

class Search {
 public:
  Search(const PlaintextProbe& probe, const Stop& stop)
      : probe_(probe), stop_(stop), finder_(probe.marker.begin(), probe.marker.end()) {
    for (const TapPoint& each : probe.link) taps_.push_back(open_tap_point(each));
  }

  PlaintextReport run() {
    run_together([&] { watch(); },
                 [&] {
                   exchange();
                   done_.request("end");
                 },
                 [&] { done_.request("end"); });
    return std::move(report_);
  }

 private:
  // ---- the watching thread

  void watch() {
    std::vector<char> frame(kFrameBytes);
    std::vector<pollfd> polls = watch_all(taps_, POLLIN);
    while (wait_for(polls, base::Instant::max(), done_) == Woken::ready) look(frame);
    // What the link carried has been in the sockets since before the data arrived.
    look(frame);
    for (const base::Fd& each : taps_) {
      tpacket_stats statistics{};
      socklen_t length = sizeof statistics;
      if (::getsockopt(each.get(), SOL_PACKET, PACKET_STATISTICS, &statistics, &length) == 0) {
        lost_ += statistics.tp_drops;
      }
    }
    report_.capture_lost = lost_;
  }

  void look(std::vector<char>& frame) {
    for (std::size_t i = 0; i < taps_.size(); ++i) {
      while (true) {
        const ssize_t got = ::recv(taps_[i].get(), frame.data(), frame.size(), MSG_TRUNC);
        if (got < 0) break;
        const auto bytes = static_cast<std::size_t>(got);
        if (bytes > frame.size()) ++lost_;
        examine(i, std::string_view(frame.data(), std::min(bytes, frame.size())));
      }
    }
  }

  void examine(std::size_t tap, std::string_view frame) {
    ++report_.frames;
    report_.bytes += frame.size();
    const auto at = std::search(frame.begin(), frame.end(), finder_);
    if (at == frame.end()) return;
    if (++report_.found > 1) return;
    report_.first_found =
        fmt::format("frame {} at {}: {} bytes, the marker at byte {}", report_.frames,
                    probe_.link[tap].device, frame.size(), at - frame.begin());
  }

  // ---- the sending thread

  void exchange() {
    const base::Instant deadline = system::boot_now() + kPatience;
    if (!exchange_udp(deadline) || !exchange_tcp(deadline)) {
      if (stop_.requested()) report_.obstacle = fmt::format("ended early: {}", stop_.reason());
    }
  }

  bool refuse(std::string_view what, int error) {
    report_.obstacle = fmt::format("{} {} port {}: {}", what, probe_.to.to_string(), probe_.port,
                                   base::errno_text(error));
    return false;
  }

  base::Fd bound_client(int type) {
    base::Fd client = make_socket(probe_.from_netns, probe_.to, type);
    if (probe_.source_port != 0) {
      static_cast<void>(system::try_option(client.get(), SOL_SOCKET, SO_REUSEADDR, 1));
      static_cast<void>(
          bind_to(client, base::IpAddress::any(probe_.to.family()), probe_.source_port));
    }
    return client;
  }

  /// Again each 50 ms until one has arrived.
  bool exchange_udp(base::Instant deadline) {
    const base::Fd server = make_socket(probe_.to_netns, probe_.to, SOCK_DGRAM);
    if (const int error = bind_to(server, probe_.to, probe_.port); error != 0) {
      return refuse("cannot bind to", error);
    }
    const base::Fd client = bound_client(SOCK_DGRAM);
    if (const int error = connect_to(client, probe_.to, probe_.port); error != 0) {
      return refuse("cannot send to", error);
    }
    const std::string text = repeated(probe_.marker, kDatagramBytes);
    std::string received(text.size() + 1, '\0');
    while (system::boot_now() < deadline) {
      // A refusal is temporary, or shows as a datagram that does not arrive.
      static_cast<void>(::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL));
      const base::Instant next = std::min(system::boot_now() + 50ms, deadline);
      while (wait_for(server.get(), POLLIN, next, stop_) == Woken::ready) {
        const ssize_t got = ::recv(server.get(), received.data(), received.size(), 0);
        if (got != static_cast<ssize_t>(text.size()) || !received.starts_with(text)) continue;
        report_.udp_arrived = true;
        report_.sent_bytes += text.size();
        return true;
      }
      if (stop_.requested()) return false;
    }
    return true;  // the report says that it has not arrived
  }

  bool exchange_tcp(base::Instant deadline) {
    const base::Fd listener = make_socket(probe_.to_netns, probe_.to, SOCK_STREAM);
    static_cast<void>(system::try_option(listener.get(), SOL_SOCKET, SO_REUSEADDR, 1));
    if (const int error = bind_to(listener, probe_.to, probe_.port); error != 0) {
      return refuse("cannot listen on", error);
    }
    if (::listen(listener.get(), 1) != 0) return refuse("cannot listen on", errno);
    const base::Fd client = bound_client(SOCK_STREAM);
    const int error = connect_to(client, probe_.to, probe_.port);
    if (error != 0 && error != EINPROGRESS) return refuse("no connection to", error);
    if (wait_for(listener.get(), POLLIN, deadline, stop_) != Woken::ready) return false;
    const base::Fd server(
        ::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!server) return refuse("no connection to", errno);
    if (wait_for(client.get(), POLLOUT, deadline, stop_) != Woken::ready) return false;
    // Less than the smallest send buffer: one call takes it all.
    const std::string text = repeated(probe_.marker, kStreamBytes);
    if (::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(text.size())) {
      return refuse("sending to", errno);
    }
    std::string received;
    std::array<char, 4096> piece;
    while (received.size() < text.size()) {
      if (wait_for(server.get(), POLLIN, deadline, stop_) != Woken::ready) return false;
      const ssize_t got = ::recv(server.get(), piece.data(), piece.size(), 0);
      if (got == 0) return false;
      if (got > 0) received.append(piece.data(), static_cast<std::size_t>(got));
    }
    report_.tcp_arrived = received == text;
    if (report_.tcp_arrived) report_.sent_bytes += text.size();
    return true;
  }

  const PlaintextProbe& probe_;
  const Stop& stop_;
  const std::boyer_moore_horspool_searcher<std::string::const_iterator> finder_;
  Stop done_;  // the watching thread's
  std::vector<base::Fd> taps_;
  std::uint64_t lost_ = 0;
  PlaintextReport report_;  // frames and what was found: the watching thread's
};

}  // namespace

PlaintextReport search_plaintext(const PlaintextProbe& probe, const Stop& stop) {
  return Search(probe, stop).run();
}

}  // namespace warren::lab
