// A datagram from one namespace to another.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>

#include <warren/base/error.hpp>
#include <warren/base/fd.hpp>
#include <warren/base/ip.hpp>
#include <warren/system/namespaces.hpp>

#include "support/poll.hpp"

namespace warren::test {

inline base::Fd udp_socket(int netns) {
  return base::Fd(base::check_system_call(
      system::in_netns(netns, [] { return ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); }),
      "opening", "a socket"));
}

/// Sends one datagram and returns the address that it seems to come from; "lost" after two seconds.
inline std::string ask(int from, int to, const std::string& address) {
  const auto server = udp_socket(to);
  sockaddr_in target{};
  target.sin_family = AF_INET;
  target.sin_port = htons(4000);
  base::check_system_call(
      ::bind(server.get(), reinterpret_cast<const sockaddr*>(&target), sizeof target), "binding",
      "a socket");
  if (::inet_pton(AF_INET, address.c_str(), &target.sin_addr) != 1) return "no address";
  const auto client = udp_socket(from);
  base::check_system_call(
      static_cast<int>(::sendto(client.get(), "x", 1, 0, reinterpret_cast<const sockaddr*>(&target),
                                sizeof target)),
      "sending to", address);
  if (!wait_ready(server.get(), 2000)) return "lost";
  sockaddr_in source{};
  socklen_t length = sizeof source;
  char byte = 0;
  ::recvfrom(server.get(), &byte, 1, 0, reinterpret_cast<sockaddr*>(&source), &length);
  return base::IpAddress::from_bytes(base::Family::v4,
                                     reinterpret_cast<const std::byte*>(&source.sin_addr))
      .to_string();
}

}  // namespace warren::test
