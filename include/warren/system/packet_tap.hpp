// Frames that pass interfaces of a namespace, both ways, with nanosecond stamps: one packet socket
// with a memory-mapped ring (packet(7), TPACKET_V3) for any number of interfaces of the namespace.
// libpcap would take one such ring per interface, or lose the Ethernet header on its "any" device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <warren/base/bytes.hpp>
#include <warren/base/time.hpp>

namespace warren::system {

struct TappedFrame {
  base::WallTime when;
  std::size_t interface = 0;      ///< index into the constructor's list
  bool outgoing = false;          ///< the namespace sent it
  std::uint32_t frame_bytes = 0;  ///< as the kernel had it: a super-packet is one frame
  base::ConstBytes bytes;         ///< at most snap_bytes of it, from the Ethernet header on
};

struct PacketTapOptions {
  std::uint32_t snap_bytes = 256;  ///< at most 128 KiB
  std::uint32_t ring_bytes = 1U << 20;
  /// The kernel hands a block of frames over at the latest after this long.
  base::Duration latency = std::chrono::milliseconds(10);
};

/// One thread at a time.
class PacketTap {
 public:
  /// At most this many interfaces: a filter in the kernel has a branch for each.
  static constexpr std::size_t kInterfacesMost = 1024;

  /// In the calling thread's namespace. Sees frames from now on. Throws SystemError with a hint:
  /// no CAP_NET_RAW, no such interface.
  PacketTap(const std::vector<std::string>& interfaces, const PacketTapOptions& options);
  PacketTap(PacketTap&& other) noexcept;
  PacketTap& operator=(PacketTap&& other) noexcept;
  ~PacketTap();

  /// Readable when a block of frames is there.
  [[nodiscard]] int fd() const noexcept;
  /// Shows the frames that are there, at most some thousands, and returns how many. A frame's bytes
  /// are valid during the call of `visit`.
  std::size_t drain(const std::function<void(const TappedFrame&)>& visit);
  /// Frames that passed while the ring was full.
  [[nodiscard]] std::uint64_t missed() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace warren::system
