// Traffic between sockets in two namespaces, whose every byte is compared.
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <warren/base/error.hpp>
#include <warren/base/fd.hpp>
#include <warren/base/ip.hpp>

#include "support/netns.hpp"

namespace warren::test {

using namespace std::chrono_literals;

/// Where one side of the traffic is.
struct Party {
  const TestNetns* netns = nullptr;
  std::string address;
  std::string address6;
};

inline sockaddr_in6 socket_address(const std::string& endpoint, socklen_t& length) {
  sockaddr_in6 storage{};
  length = static_cast<socklen_t>(base::Endpoint::parse(endpoint).value().to_sockaddr(&storage));
  return storage;
}

/// A socket bound to `endpoint` in the namespace of `party`.
inline base::Fd bound_socket(const Party& party, int type, const std::string& endpoint) {
  return party.netns->run([&] {
    socklen_t length = 0;
    const auto address = socket_address(endpoint, length);
    base::Fd fd(::socket(address.sin6_family, type | SOCK_CLOEXEC, 0));
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    base::check_system_call(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), length),
                            "binding", endpoint);
    return fd;
  });
}

inline void send_to(const base::Fd& fd, const std::string& endpoint,
                    const std::vector<std::byte>& bytes) {
  socklen_t length = 0;
  const auto address = socket_address(endpoint, length);
  REQUIRE(::sendto(fd.get(), bytes.data(), bytes.size(), 0,
                   reinterpret_cast<const sockaddr*>(&address),
                   length) == static_cast<ssize_t>(bytes.size()));
}

/// The next datagram within `timeout`.
inline std::optional<std::vector<std::byte>> receive(const base::Fd& fd,
                                                     std::chrono::milliseconds timeout = 5s) {
  pollfd wait{fd.get(), POLLIN, 0};
  if (::poll(&wait, 1, static_cast<int>(timeout.count())) <= 0) return std::nullopt;
  std::vector<std::byte> bytes(65536);
  const auto length = ::recv(fd.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (length < 0) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(length));
  return bytes;
}

inline std::vector<std::byte> pattern(std::size_t bytes, unsigned seed) {
  std::vector<std::byte> made(bytes);
  std::uint32_t state = seed * 2654435761U + 1;
  for (auto& byte : made) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<std::byte>(state >> 24);
  }
  return made;
}

/// Whether one datagram of `bytes` goes from `from` to `to` unchanged; IPv4 inside. Datagrams may
/// be lost while sessions begin anew: three attempts.
inline bool datagram_passes(const Party& from, const Party& to, std::size_t bytes = 100) {
  const auto sender = bound_socket(from, SOCK_DGRAM, from.address + ":0");
  const auto receiver = bound_socket(to, SOCK_DGRAM, to.address + ":7000");
  const auto payload = pattern(bytes, static_cast<unsigned>(bytes));
  for (int attempt = 0; attempt < 3; ++attempt) {
    send_to(sender, to.address + ":7000", payload);
    if (const auto arrived = receive(receiver, 3s)) return *arrived == payload;
  }
  return false;
}

/// Sends `bytes` over TCP and compares what arrives; false on any difference or a stall of 20 s.
inline bool stream_passes(const Party& from, const Party& to, std::size_t bytes, bool v6 = false) {
  const std::string target = v6 ? "[" + to.address6 + "]:7001" : to.address + ":7001";
  const auto listener = bound_socket(to, SOCK_STREAM, target);
  REQUIRE(::listen(listener.get(), 1) == 0);
  const auto block = pattern(1 << 20, 7);
  std::thread writer([&] {
    const auto source = v6 ? "[" + from.address6 + "]:0" : from.address + ":0";
    const auto fd = bound_socket(from, SOCK_STREAM, source);
    const timeval limit{20, 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    socklen_t length = 0;
    const auto address = socket_address(target, length);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0) return;
    for (std::size_t sent = 0; sent < bytes;) {
      const std::size_t at = sent % block.size();
      const auto count = ::send(fd.get(), block.data() + at,
                                std::min(block.size() - at, bytes - sent), MSG_NOSIGNAL);
      if (count < 0 && errno == EINTR) continue;  // as below
      if (count <= 0) return;
      sent += static_cast<std::size_t>(count);
    }
  });
  bool same = true;
  std::size_t arrived = 0;
  pollfd wait{listener.get(), POLLIN, 0};
  if (::poll(&wait, 1, 20'000) == 1) {
    const base::Fd fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const timeval limit{20, 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    std::vector<std::byte> buffer(1 << 18);
    while (arrived < bytes && same) {
      const auto count = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
      // A ring that this thread had (to probe the kernel) may still have work to do in it.
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) break;
      for (std::size_t index = 0; index < static_cast<std::size_t>(count);) {
        const std::size_t at = (arrived + index) % block.size();
        const auto part = std::min(block.size() - at, static_cast<std::size_t>(count) - index);
        same = same && std::memcmp(buffer.data() + index, block.data() + at, part) == 0;
        index += part;
      }
      arrived += static_cast<std::size_t>(count);
    }
  }
  writer.join();
  return same && arrived == bytes;
}

/// Waits until `condition` holds; false after 5 s.
template <class Condition>
bool eventually(Condition&& condition) {
  for (int round = 0; round < 250; ++round) {
    if (condition()) return true;
    std::this_thread::sleep_for(20ms);
  }
  return false;
}

}  // namespace warren::test
