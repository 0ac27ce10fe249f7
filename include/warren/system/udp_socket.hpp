// The tunnel's UDP sockets: one for IPv4 and one for IPv6 on the same port.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <warren/base/fd.hpp>
#include <warren/base/ip.hpp>

namespace warren::system {

struct UdpOptions {
  std::uint16_t port = 0;    ///< 0: the kernel chooses
  std::uint32_t fwmark = 0;  ///< SO_MARK; 0: none
  /// SO_RCVBUF and SO_SNDBUF in bytes, past the system's limit where CAP_NET_ADMIN allows
  /// (…FORCE), else as far as the limit goes.
  std::uint32_t buffer_bytes = 7 * 1024 * 1024;
};

/// One non-blocking socket with IP_PKTINFO or IPV6_RECVPKTINFO, IP_RECVTOS or IPV6_RECVTCLASS, and
/// UDP_GRO where the kernel has it. IPv6 sockets are v6-only. Path MTU discovery is off
/// (IP_PMTUDISC_DONT), so that large datagrams are fragmented rather than lost.
class UdpSocket {
 public:
  /// Binds to the unspecified address in the calling thread's network namespace. Throws
  /// SystemError; for EADDRINUSE the hint names the port and how to find its owner.
  UdpSocket(base::Family family, const UdpOptions& options);
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] base::Family family() const noexcept { return family_; }
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] bool gro() const noexcept { return gro_; }
  /// Whether UDP_SEGMENT works on this kernel.
  [[nodiscard]] bool segment() const noexcept { return segment_; }
  /// What the kernel granted, in the unit of `buffer_bytes` (it reserves twice that for its
  /// overhead).
  [[nodiscard]] std::uint32_t receive_buffer_bytes() const;
  /// Throws SystemError (EPERM without CAP_NET_ADMIN). 0 clears the mark.
  void set_fwmark(std::uint32_t fwmark);

 private:
  base::Fd fd_;
  base::Family family_;
  bool gro_ = false;
  bool segment_ = false;
};

/// Both families on one port. On a machine without IPv6 (or IPv4) the other one alone.
struct UdpSockets {
  std::optional<UdpSocket> v4;
  std::optional<UdpSocket> v6;
  /// Port 0 picks one port that is free for both families.
  static UdpSockets bind(const UdpOptions& options);
  [[nodiscard]] std::uint16_t port() const;
};

}  // namespace warren::system
