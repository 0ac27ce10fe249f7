// How exactly the lab's wire keeps a delay, by the kernel's own clocks: datagrams at a steady pace
// between two namespaces, stamped by the kernel when the sending device takes them
// (SO_TIMESTAMPING, TX software) and when the receiving device hands them on (RX software). The
// difference, less the delay, is the error.
//
//   delay_accuracy [--delay-ms N] [--pps N] [--seconds N] [--payload N] [--ordinary]
//                  [--halting] [--samples FILE]
//
// Prints quantiles of the error in microseconds; FILE gets 1000 quantiles of it, one a line.
// <linux/errqueue.h> takes timespec as known.
// clang-format off
#include <time.h>
#include <linux/errqueue.h>
// clang-format on
#include <linux/net_tstamp.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <thread>
#include <vector>

#include <warren/base/error.hpp>

#include "support/wire_pair.hpp"

namespace {

using namespace warren;

struct Options {
  double delay_ms = 10;
  unsigned pps = 10'000;
  double seconds = 5;
  std::size_t payload = 64;
  bool ordinary = false;
  bool halting = false;
  std::string samples;
};

void stamp(const base::Fd& socket, unsigned flags) {
  const int value = static_cast<int>(flags | SOF_TIMESTAMPING_SOFTWARE);
  base::check_system_call(
      ::setsockopt(socket.get(), SOL_SOCKET, SO_TIMESTAMPING, &value, sizeof value),
      "asking for time stamps on", "a socket");
  const int bytes = 64 << 20;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
}

/// What one recvmsg brings.
struct Stamp {
  std::uint32_t number = 0;
  std::int64_t time_ns = 0;
};

/// The next stamp: of a datagram sent (`errors`), numbered by the kernel, or of one received,
/// numbered by its sender. False when there is none now.
bool next_stamp(const base::Fd& socket, bool errors, Stamp& stamp) {
  std::array<std::byte, 2048> payload;
  alignas(cmsghdr) std::array<std::byte, 512> control;
  iovec piece{payload.data(), payload.size()};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  if (::recvmsg(socket.get(), &message, MSG_DONTWAIT | (errors ? MSG_ERRQUEUE : 0)) < 0) {
    return false;
  }
  if (!errors) std::memcpy(&stamp.number, payload.data(), sizeof stamp.number);
  for (cmsghdr* each = CMSG_FIRSTHDR(&message); each != nullptr;
       each = CMSG_NXTHDR(&message, each)) {
    if (each->cmsg_level == SOL_SOCKET && each->cmsg_type == SO_TIMESTAMPING) {
      scm_timestamping stamps;
      std::memcpy(&stamps, CMSG_DATA(each), sizeof stamps);
      stamp.time_ns = std::int64_t{stamps.ts[0].tv_sec} * 1'000'000'000 + stamps.ts[0].tv_nsec;
    } else if (each->cmsg_type == IP_RECVERR) {
      sock_extended_err error;
      std::memcpy(&error, CMSG_DATA(each), sizeof error);
      stamp.number = error.ee_data;
    }
  }
  return true;
}

/// Sends `count` datagrams at an even pace.
void send_all(const base::Fd& socket, const Options& options, std::size_t count) {
  ::prctl(PR_SET_TIMERSLACK, 1UL);
  std::vector<std::byte> payload(std::max(options.payload, sizeof(std::uint32_t)));
  timespec next{};
  ::clock_gettime(CLOCK_MONOTONIC, &next);
  const auto gap = static_cast<long>(1e9 / options.pps);
  for (std::size_t number = 0; number < count; ++number) {
    const auto value = static_cast<std::uint32_t>(number);
    std::memcpy(payload.data(), &value, sizeof value);
    if (::send(socket.get(), payload.data(), payload.size(), 0) < 0 && errno != ENOBUFS) {
      throw base::SystemError("sending", "a datagram", errno);
    }
    next.tv_nsec += gap;
    for (; next.tv_nsec >= 1'000'000'000; next.tv_nsec -= 1'000'000'000) ++next.tv_sec;
    ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, nullptr);
  }
}

std::vector<double> measure(const Options& options) {
  impair::Settings settings;
  settings.delay = base::Duration(static_cast<std::int64_t>(options.delay_ms * 1e6));
  test::WirePair pair(
      {.settings = {settings, {}},
       .wire = {.schedule_first = !options.ordinary, .processors_awake = !options.halting},
       .ipv6 = false});
  const auto sender = test::bound_socket(pair.left(), SOCK_DGRAM, "10.7.0.1:0");
  const auto receiver = test::bound_socket(pair.right(), SOCK_DGRAM, "10.7.0.2:7000");
  socklen_t length = 0;
  const auto to = test::socket_address("10.7.0.2:7000", length);
  base::check_system_call(::connect(sender.get(), reinterpret_cast<const sockaddr*>(&to), length),
                          "connecting to", "10.7.0.2");
  // The first one waits for the address resolution.
  if (::send(sender.get(), "", 1, 0) != 1 || !test::receive(receiver)) {
    throw base::Error("nothing passes");
  }
  stamp(sender,
        SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY);
  stamp(receiver, SOF_TIMESTAMPING_RX_SOFTWARE);

  const auto count = static_cast<std::size_t>(options.pps * options.seconds);
  std::vector<std::int64_t> sent(count), received(count);
  std::atomic<bool> done = false;
  // Stamps wait in the sockets; collecting them seldom disturbs least.
  std::thread collector([&] {
    for (bool last = false; !last;) {
      last = done.load();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      Stamp stamp;
      while (next_stamp(sender, true, stamp)) {
        if (stamp.number < count) sent[stamp.number] = stamp.time_ns;
      }
      while (next_stamp(receiver, false, stamp)) {
        if (stamp.number < count) received[stamp.number] = stamp.time_ns;
      }
    }
  });
  send_all(sender, options, count);
  std::this_thread::sleep_for(settings.delay + std::chrono::milliseconds(100));
  done = true;
  collector.join();

  std::vector<double> errors_us;
  for (std::size_t number = 0; number < count; ++number) {
    if (sent[number] == 0 || received[number] == 0) continue;
    errors_us.push_back(
        static_cast<double>(received[number] - sent[number] - settings.delay.count()) / 1e3);
  }
  std::ranges::sort(errors_us);
  if (errors_us.size() < count / 2) throw base::Error("most datagrams have no stamps");
  const auto counters = pair.counters(0);
  fmt::print("# {} of {} stamped; by the wire's own clock: late p50 {:.1f} us, p99 {:.1f} us\n",
             errors_us.size(), count, static_cast<double>(counters.late_p50_ns) / 1e3,
             static_cast<double>(counters.late_p99_ns) / 1e3);
  for (const auto& feature : pair.wire().features()) fmt::print("# {}\n", feature);
  return errors_us;
}

double quantile(const std::vector<double>& sorted, double share) {
  return sorted[std::min(sorted.size() - 1,
                         static_cast<std::size_t>(share * static_cast<double>(sorted.size())))];
}

void report(const Options& options, const std::vector<double>& errors_us) {
  fmt::print("delay_ms\tpps\tp1\tp50\tp90\tp99\tp99.9\tmax\n{}\t{}", options.delay_ms, options.pps);
  for (const double share : {0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    fmt::print("\t{:.1f}", quantile(errors_us, share));
  }
  fmt::print("\n");
  if (options.samples.empty()) return;
  std::ofstream out(options.samples);
  for (int step = 0; step <= 1000; ++step) {
    out << fmt::format("{:.3f}\t{:.2f}\n", step / 1000.0, quantile(errors_us, step / 1000.0));
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Measures how exactly the lab's wire keeps a delay.");
  app.add_option("--delay-ms", options.delay_ms);
  app.add_option("--pps", options.pps);
  app.add_option("--seconds", options.seconds);
  app.add_option("--payload", options.payload);
  app.add_flag("--ordinary", options.ordinary, "without SCHED_FIFO");
  app.add_flag("--halting", options.halting, "idle processors halt, as in a lab that is `up`");
  app.add_option("--samples", options.samples);
  CLI11_PARSE(app, argc, argv);
  try {
    report(options, measure(options));
  } catch (const std::exception& error) {
    fmt::print(stderr, "delay_accuracy: {}\n", error.what());
    return 1;
  }
}
