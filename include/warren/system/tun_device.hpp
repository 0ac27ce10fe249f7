// A TUN or TAP device (Documentation/networking/tuntap.rst): created, its offloads negotiated step by
// step, and followed when it is moved to another network namespace.
#pragma once

#include <cstdint>
#include <optional>
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
  TunOffload offload = TunOffload::uso;  ///< the most to try for
};

class TunDevice {
 public:
  /// Creates the device (not persistent: it goes with the descriptor). Throws SystemError with a hint
  /// for: no /dev/net/tun, no CAP_NET_ADMIN, name taken, name of another kind.
  explicit TunDevice(const TunOptions& options);

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// The current name: it follows renames.
  [[nodiscard]] std::string name() const;
  [[nodiscard]] TunKind kind() const noexcept { return kind_; }
  /// What is on now.
  [[nodiscard]] TunOffload offload() const noexcept { return offload_; }
  /// Turns offloads down (never up beyond what the kernel took), e.g. after coalesced writes were
  /// refused with EINVAL. The virtio header stays once it was negotiated: `none` is only for a kernel
  /// without it.
  void set_offload(TunOffload offload);
  /// Bytes of virtio header in front of each packet: 10, or 0 when there is none.
  [[nodiscard]] std::size_t header_bytes() const noexcept;
  /// The namespace the device is in now (TUNGETDEVNETNS); empty when the device was deleted.
  [[nodiscard]] base::Fd netns() const;
  /// False once the device was deleted under the descriptor.
  [[nodiscard]] bool exists() const noexcept;

 private:
  base::Fd fd_;
  TunKind kind_ = TunKind::tun;
  TunOffload offload_ = TunOffload::none;
};

}  // namespace warren::system
