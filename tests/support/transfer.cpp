// Moves a number of bytes over TCP or UDP and proves that each arrived unchanged and in place: every
// byte is a function of its offset, and the receiver checks them all.
//
//   transfer receive tcp|udp ADDRESS PORT BYTES     prints what arrived; exit 0 when all was right
//   transfer send    tcp|udp ADDRESS PORT BYTES [zero-checksum]      exit 0: the receiver has confirmed it
//
// UDP datagrams carry their offset; the receiver acknowledges in order and the sender goes back on
// loss, so that the whole amount crosses however lossy the way is. They carry the number of the
// attempt as well, because some datagrams never arrive however often they are sent: wireguard-go
// (0.0.20231211) leaves a UDP checksum that computes to zero as it is, and over IPv6 receivers must
// drop that (RFC 8200, 8.1). With another number the checksum is another one. `zero-checksum` picks
// the source port that makes the first datagram such a one (IPv6 only).
//
// Both ends give up after 20 s of silence.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

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
#include <vector>

#include <warren/base/fd.hpp>
#include <warren/base/ip.hpp>

namespace {

using warren::base::Endpoint;
using warren::base::Fd;
using warren::base::IpAddress;

constexpr std::size_t kDatagramPayload = 1350;
constexpr std::size_t kDatagramHeader = 12;  // the offset, and the number of the attempt
constexpr std::size_t kWindowBytes = 128 * kDatagramPayload;
constexpr int kSilenceMs = 20'000;

/// The byte at an offset: eight at a time, from a mixing function without visible period.
std::uint64_t word_at(std::uint64_t index) {
  std::uint64_t x = index + 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

void fill(std::uint64_t offset, unsigned char* out, std::size_t length) {
  for (std::size_t i = 0; i < length;) {
    const std::uint64_t word = word_at((offset + i) / 8);
    const std::size_t skip = (offset + i) % 8;
    const std::size_t take = std::min(8 - skip, length - i);
    std::memcpy(out + i, reinterpret_cast<const unsigned char*>(&word) + skip, take);
    i += take;
  }
}

void check_content(std::uint64_t offset, const unsigned char* bytes, std::size_t length) {
  static std::vector<unsigned char> expected;
  expected.resize(length);
  fill(offset, expected.data(), length);
  if (std::memcmp(expected.data(), bytes, length) != 0) {
    throw std::runtime_error("content differs near offset " + std::to_string(offset));
  }
}

int check(long result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return static_cast<int>(result);
}

void wait_readable(int fd) {
  pollfd p{fd, POLLIN, 0};
  if (check(::poll(&p, 1, kSilenceMs), "poll") == 0) throw std::runtime_error("nothing came for 20 s");
}

struct Address {
  sockaddr_in6 storage{};
  socklen_t length = 0;
  int family = AF_INET;
  Address(const char* host, const char* port) {
    const auto address = IpAddress::parse(host);
    if (!address) throw std::runtime_error(std::string("not an address: ") + host);
    length = static_cast<socklen_t>(
        Endpoint{*address, static_cast<std::uint16_t>(std::atoi(port)), 0}.to_sockaddr(&storage));
    family = address->is_v4() ? AF_INET : AF_INET6;
  }
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Fd make_socket(const Address& address, int type) {
  Fd fd(check(::socket(address.family, type | SOCK_CLOEXEC, 0), "socket"));
  const int one = 1;
  const int buffer = 4 << 20;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (type == SOCK_DGRAM) ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
  return fd;
}

void receive_tcp(const Address& address, std::uint64_t total) {
  const Fd listener = make_socket(address, SOCK_STREAM);
  check(::bind(listener.get(), address.get(), address.length), "bind");
  check(::listen(listener.get(), 1), "listen");
  wait_readable(listener.get());
  const Fd fd(check(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC), "accept"));
  std::vector<unsigned char> buffer(256 << 10);
  std::uint64_t offset = 0;
  for (;;) {
    wait_readable(fd.get());
    const int got = check(::recv(fd.get(), buffer.data(), buffer.size(), 0), "recv");
    if (got == 0) break;
    check_content(offset, buffer.data(), static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  if (offset != total) throw std::runtime_error("got " + std::to_string(offset) + " bytes");
  const unsigned char end = 1;
  check(::send(fd.get(), &end, 1, MSG_NOSIGNAL), "send");
}

void send_tcp(const Address& address, std::uint64_t total) {
  const Fd fd = make_socket(address, SOCK_STREAM);
  check(::connect(fd.get(), address.get(), address.length), "connect");
  std::vector<unsigned char> buffer(256 << 10);
  for (std::uint64_t offset = 0; offset < total;) {
    const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), total - offset));
    fill(offset, buffer.data(), length);
    for (std::size_t sent = 0; sent < length;) {
      sent += static_cast<std::size_t>(
          check(::send(fd.get(), buffer.data() + sent, length - sent, MSG_NOSIGNAL), "send"));
    }
    offset += length;
  }
  check(::shutdown(fd.get(), SHUT_WR), "shutdown");
  unsigned char end;
  wait_readable(fd.get());
  if (check(::recv(fd.get(), &end, 1, 0), "recv") != 1) {
    throw std::runtime_error("the receiver does not confirm what it got");
  }
}

void receive_udp(const Address& address, std::uint64_t total) {
  const Fd fd = make_socket(address, SOCK_DGRAM);
  check(::bind(fd.get(), address.get(), address.length), "bind");
  std::vector<unsigned char> buffer(65536);
  std::uint64_t next = 0;
  std::uint64_t discarded = 0;
  unsigned since_ack = 0;
  // After the end the last acknowledgement may be lost: answer for a moment longer.
  while (true) {
    pollfd p{fd.get(), POLLIN, 0};
    const int ready = check(::poll(&p, 1, next == total ? 1000 : kSilenceMs), "poll");
    if (ready == 0 && next == total) break;
    if (ready == 0) throw std::runtime_error("nothing came for 20 s");
    sockaddr_in6 from{};
    socklen_t from_length = sizeof from;
    const int got = check(::recvfrom(fd.get(), buffer.data(), buffer.size(), 0,
                                     reinterpret_cast<sockaddr*>(&from), &from_length), "recvfrom");
    if (got < static_cast<int>(kDatagramHeader)) continue;
    std::uint64_t offset = 0;
    std::memcpy(&offset, buffer.data(), sizeof offset);
    const bool expected = offset == next;
    if (expected) {
      const std::size_t length = static_cast<std::size_t>(got) - kDatagramHeader;
      check_content(offset, buffer.data() + kDatagramHeader, length);
      next += length;
    } else {
      ++discarded;
    }
    if (!expected || ++since_ack >= 32 || next == total) {
      since_ack = 0;
      ::sendto(fd.get(), &next, sizeof next, 0, reinterpret_cast<sockaddr*>(&from), from_length);
    }
  }
  std::printf("%llu datagrams came out of order or again\n",
              static_cast<unsigned long long>(discarded));
}

struct Datagram {
  std::array<unsigned char, kDatagramHeader + kDatagramPayload> bytes;
  std::size_t length = 0;

  Datagram(std::uint64_t offset, std::uint32_t attempt, std::uint64_t total) {
    const auto payload = std::min<std::uint64_t>(kDatagramPayload, total - offset);
    std::memcpy(bytes.data(), &offset, sizeof offset);
    std::memcpy(bytes.data() + sizeof offset, &attempt, sizeof attempt);
    fill(offset, bytes.data() + kDatagramHeader, static_cast<std::size_t>(payload));
    length = kDatagramHeader + static_cast<std::size_t>(payload);
  }
};

/// The ones' complement sum of 16-bit words, an odd byte padded with zero (RFC 1071).
std::uint32_t sum_words(std::uint32_t sum, const void* data, std::size_t length) {
  const auto* const bytes = static_cast<const unsigned char*>(data);
  for (std::size_t i = 0; i < length; ++i) sum += i % 2 == 0 ? bytes[i] * 256U : bytes[i];
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16U);
  return sum;
}

/// Binds to the port with which the checksum of `datagram` computes to zero.
void bind_for_zero_checksum(const Fd& fd, const Address& to, const Datagram& datagram) {
  if (to.family != AF_INET6) throw std::runtime_error("zero-checksum is for IPv6");
  sockaddr_in6 own{};
  socklen_t own_length = sizeof own;
  {
    const Fd probe = make_socket(to, SOCK_DGRAM);
    check(::connect(probe.get(), to.get(), to.length), "connect");
    check(::getsockname(probe.get(), reinterpret_cast<sockaddr*>(&own), &own_length), "getsockname");
  }
  const auto udp_bytes = static_cast<std::uint32_t>(8 + datagram.length);
  std::uint32_t sum = 2 * udp_bytes + IPPROTO_UDP;  // in the pseudo header and in UDP's
  sum = sum_words(sum, &own.sin6_addr, 16);
  sum = sum_words(sum, &to.storage.sin6_addr, 16);
  sum = sum_words(sum, &to.storage.sin6_port, 2);
  sum = sum_words(sum, datagram.bytes.data(), datagram.length);
  const auto port = static_cast<std::uint16_t>(0xffff - sum);
  if (port < 1024) throw std::runtime_error("the port would be " + std::to_string(port));
  own.sin6_port = htons(port);
  check(::bind(fd.get(), reinterpret_cast<sockaddr*>(&own), own_length), "bind");
}

void send_udp(const Address& address, std::uint64_t total, bool zero_checksum) {
  const Fd fd = make_socket(address, SOCK_DGRAM);
  if (zero_checksum) bind_for_zero_checksum(fd, address, Datagram(0, 0, total));
  check(::connect(fd.get(), address.get(), address.length), "connect");
  std::uint64_t acknowledged = 0;
  std::uint64_t next = 0;
  std::uint32_t rounds = 0;
  auto last_progress = std::chrono::steady_clock::now();
  while (acknowledged < total) {
    while (next < total && next < acknowledged + kWindowBytes) {
      const Datagram datagram(next, rounds, total);
      if (::send(fd.get(), datagram.bytes.data(), datagram.length, 0) < 0) break;
      next += datagram.length - kDatagramHeader;
    }
    pollfd p{fd.get(), POLLIN, 0};
    if (check(::poll(&p, 1, 50), "poll") == 0) {
      next = acknowledged;
      ++rounds;
    } else {
      std::uint64_t value = 0;
      if (::recv(fd.get(), &value, sizeof value, 0) == sizeof value && value > acknowledged) {
        acknowledged = value;
        next = std::max(next, acknowledged);
        last_progress = std::chrono::steady_clock::now();
      }
    }
    if (std::chrono::steady_clock::now() - last_progress > std::chrono::milliseconds(kSilenceMs)) {
      throw std::runtime_error("no acknowledgement for 20 s");
    }
  }
  std::printf("went back %u times\n", rounds);
}

}  // namespace

int main(int argc, char** argv) {
  const bool zero_checksum = argc == 7 && std::string(argv[6]) == "zero-checksum";
  if (argc != 6 && !zero_checksum) {
    std::fprintf(stderr, "usage: transfer send|receive tcp|udp ADDRESS PORT BYTES [zero-checksum]\n");
    return 2;
  }
  try {
    const bool send = std::string(argv[1]) == "send";
    const bool tcp = std::string(argv[2]) == "tcp";
    const Address address(argv[3], argv[4]);
    const std::uint64_t total = std::strtoull(argv[5], nullptr, 10);
    const auto start = std::chrono::steady_clock::now();
    if (send && !tcp) {
      send_udp(address, total, zero_checksum);
    } else {
      (send ? send_tcp : tcp ? receive_tcp : receive_udp)(address, total);
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::printf("%s %s: %llu bytes in %.2f s\n", argv[1], argv[2],
                static_cast<unsigned long long>(total), took.count());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "transfer: %s %s: %s\n", argv[1], argv[2], error.what());
    return 1;
  }
  return 0;
}
