// A TUN or TAP device (Documentation/networking/tuntap.rst): created, its offloads negotiated step
// by step, and followed when it is moved to another network namespace.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <warren/base/fd.hpp>

namespace warren::system {

enum class TunKind : std::uint8_t { tun, tap };

/// What the device hands over and accepts. Each step includes the ones before it.
enum class TunOffload : std::uint8_t {
  none,      ///< no virtio header: one plain packet per read
  checksum,  ///< virtio header; partial checksums
  tso,       ///< and TCP super-packets (TSO4, TSO6, TSO_ECN)
  uso,       ///< and UDP super-packets (USO4, USO6)
};

struct TunOptions {
  std::string name;  ///< may hold %d, as the kernel takes it; at most 15 characters
  TunKind kind = TunKind::tun;
  TunOffload offload = TunOffload::uso;  ///< the most to try for; `none`: without virtio header
  /// How many packets wait for a read before the device drops further ones (and counts them in its
  /// tx_dropped): it holds nobody back. The driver's 500 are a few milliseconds of single packets,
  /// about as long as a busy machine keeps a thread waiting. One may be a super-packet of 64 KiB,
  /// but TCP's windows are used up long before there are so many.
  std::uint32_t queue_packets = 1000;
  std::uint32_t index = 0;  ///< of the interface; 0: the kernel's choice
  /// The device goes with its namespace instead of the descriptor. The kernel needs some 20 ms to
  /// remove a device whose descriptor is closed, one after the other, while a namespace's end
  /// removes all of them together and keeps nobody waiting.
  bool persistent = false;
};

class TunDevice {
 public:
  /// Creates the device in the calling thread's network namespace (unless `persistent`, it goes
  /// with the descriptor, which is non-blocking). An existing device of the name is never taken
  /// over. Throws SystemError with a hint for: no /dev/net/tun, no CAP_NET_ADMIN, name taken, name
  /// of another kind; Error for what is no interface name.
  explicit TunDevice(const TunOptions& options);

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// The current name: it follows renames. Throws SystemError (EBADFD) once the device was deleted.
  [[nodiscard]] std::string name() const;
  [[nodiscard]] TunKind kind() const noexcept { return kind_; }
  /// What is on now.
  [[nodiscard]] TunOffload offload() const noexcept { return offload_; }
  /// What was asked for.
  [[nodiscard]] TunOffload wanted() const noexcept { return wanted_; }
  /// Turns offloads down (never up beyond what the kernel took), e.g. after coalesced writes were
  /// refused with EINVAL. The virtio header stays once it was negotiated: `none` is only for a
  /// kernel without it, and is taken as `checksum` elsewhere. Throws SystemError (EBADFD: device
  /// deleted).
  void set_offload(TunOffload offload);
  /// Plugs the cable in or out (TUNSETCARRIER, Linux 5.0): without carrier the device is not
  /// running and the kernel sends nothing by it. Any thread. Throws SystemError (EBADFD: device
  /// deleted).
  void set_carrier(bool on);
  /// Bytes of virtio header (struct virtio_net_hdr, host byte order) in front of each packet: 10,
  /// or 0 when there is none.
  [[nodiscard]] std::size_t header_bytes() const noexcept;
  /// The namespace the device is in now (TUNGETDEVNETNS); empty when the device was deleted.
  [[nodiscard]] base::Fd netns() const;
  /// False once the device was deleted under the descriptor.
  [[nodiscard]] bool exists() const noexcept;

 private:
  base::Fd fd_;
  TunKind kind_ = TunKind::tun;
  TunOffload wanted_ = TunOffload::none;
  TunOffload offload_ = TunOffload::none;
  TunOffload accepted_ = TunOffload::none;  // the most that the kernel took
};

}  // namespace warren::system
