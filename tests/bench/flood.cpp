// Sends UDP datagrams of one size as fast as it can, or at a rate, and counts those that arrive.
//
//   flood receive ADDRESS PORT                         prints "received COUNT SECONDS"
//   flood send ADDRESS PORT BYTES SECONDS [PER_SECOND] prints "sent COUNT SECONDS"
//
// A generator must not be what is measured: both ends move up to 64 datagrams per system call
// (sendmmsg, recvmmsg). Neither uses segmentation offload, so that a tunnel gets each datagram by
// itself, as it does from most programs. The receiver ends when nothing has come for 300 ms after
// the first datagram; its seconds are those between the first datagram and the last.
//
// At a rate, the sender wakes up every 200 µs and sends what is due. What could not be sent within
// 2 ms is given up instead of being sent in one burst, which would measure queues: the count that
// it prints is what was really sent.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <warren/base/fd.hpp>
#include <warren/base/ip.hpp>

namespace {

using warren::base::Endpoint;
using warren::base::Fd;
using warren::base::IpAddress;
using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::size_t kBatch = 64;
constexpr std::size_t kMaxBytes = 9000;
constexpr int kReceiveBufferBytes = 16 << 20;
constexpr auto kFirst = milliseconds(5000);
constexpr auto kSilence = milliseconds(300);
constexpr auto kTick = microseconds(200);
constexpr double kGiveUpSeconds = 0.002;

long check(long result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// `kBatch` messages with one buffer each, for receiving, or all with the same, for sending.
class Batch {
 public:
  Batch(std::size_t bytes, std::size_t buffers) : storage_(bytes * buffers, 0x5a) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      parts_[i] = {storage_.data() + (i % buffers) * bytes, bytes};
      messages_[i].msg_hdr.msg_iov = &parts_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
    }
  }
  mmsghdr* messages() { return messages_.data(); }

 private:
  std::vector<unsigned char> storage_;
  std::array<iovec, kBatch> parts_{};
  std::array<mmsghdr, kBatch> messages_{};
};

Fd open_socket(const char* host, const char* port, bool receive) {
  const auto ip = IpAddress::parse(host);
  if (!ip) throw std::runtime_error(std::string("not an address: ") + host);
  sockaddr_in6 storage{};
  const auto length = static_cast<socklen_t>(
      Endpoint{*ip, static_cast<std::uint16_t>(std::atoi(port)), 0}.to_sockaddr(&storage));
  const auto* const address = reinterpret_cast<const sockaddr*>(&storage);
  const int family = ip->is_v4() ? AF_INET : AF_INET6;
  Fd fd(static_cast<int>(check(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket")));
  if (!receive) {
    check(::connect(fd.get(), address, length), "connect");
    return fd;
  }
  const int buffer = kReceiveBufferBytes;
  check(::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer), "SO_RCVBUF");
  check(::bind(fd.get(), address, length), "bind");
  return fd;
}

void set_patience(const Fd& fd, milliseconds patience) {
  const timeval wait{patience.count() / 1000, (patience.count() % 1000) * 1000};
  check(::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait), "SO_RCVTIMEO");
}

void receive(const Fd& fd) {
  Batch batch(kMaxBytes, kBatch);
  std::uint64_t count = 0;
  Clock::time_point first;
  Clock::time_point last;
  set_patience(fd, kFirst);
  for (;;) {
    const int got = ::recvmmsg(fd.get(), batch.messages(), kBatch, MSG_WAITFORONE, nullptr);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (got < 0 && errno == EINTR) continue;
    check(got, "recvmmsg");
    last = Clock::now();
    if (count == 0) {
      first = last;
      set_patience(fd, kSilence);
    }
    count += static_cast<std::uint64_t>(got);
  }
  std::printf("received %llu %.6f\n", static_cast<unsigned long long>(count),
              std::chrono::duration<double>(last - first).count());
}

/// How many datagrams to send now; 0 when it is not yet time for one.
class Pace {
 public:
  explicit Pace(double per_second) : per_second_(per_second) {}

  std::size_t due(double elapsed, std::uint64_t sent) {
    if (per_second_ <= 0) return kBatch;
    double owed = per_second_ * elapsed - given_up_ - static_cast<double>(sent);
    const double most = std::max(1.0, per_second_ * kGiveUpSeconds);
    if (owed > most) {
      given_up_ += owed - most;
      owed = most;
    }
    return owed < 1 ? 0 : std::min(kBatch, static_cast<std::size_t>(owed));
  }

 private:
  double per_second_;
  double given_up_ = 0;
};

void send(const Fd& fd, std::size_t bytes, double seconds, double per_second) {
  if (bytes == 0 || bytes > kMaxBytes) throw std::runtime_error("1 to 9000 bytes");
  ::prctl(PR_SET_TIMERSLACK, 1UL);  // 50 µs by default, a quarter of a tick
  Batch batch(bytes, 1);
  Pace pace(per_second);
  std::uint64_t sent = 0;
  const auto start = Clock::now();
  for (double elapsed = 0; elapsed < seconds; elapsed = seconds_since(start)) {
    const std::size_t due = pace.due(elapsed, sent);
    if (due == 0) {
      std::this_thread::sleep_for(kTick);
      continue;
    }
    const int done = ::sendmmsg(fd.get(), batch.messages(), static_cast<unsigned>(due), 0);
    // A full queue, or the receiver's refusal of an earlier datagram: the next may do better.
    const bool passing = errno == ENOBUFS || errno == EAGAIN || errno == ECONNREFUSED;
    if (done < 0 && passing) continue;
    sent += static_cast<std::uint64_t>(check(done, "sendmmsg"));
  }
  std::printf("sent %llu %.6f\n", static_cast<unsigned long long>(sent), seconds_since(start));
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  const bool receiving = mode == "receive" && argc == 4;
  if (!receiving && !(mode == "send" && (argc == 6 || argc == 7))) {
    std::fprintf(stderr,
                 "usage: flood receive ADDRESS PORT\n"
                 "       flood send ADDRESS PORT BYTES SECONDS [PER_SECOND]\n");
    return 2;
  }
  try {
    const Fd fd = open_socket(argv[2], argv[3], receiving);
    if (receiving) {
      receive(fd);
    } else {
      send(fd, std::strtoull(argv[4], nullptr, 10), std::strtod(argv[5], nullptr),
           argc == 7 ? std::strtod(argv[6], nullptr) : 0);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "flood: %s: %s\n", mode.c_str(), error.what());
    return 1;
  }
  return 0;
}
