// The TAP device where a direction begins: its carrier, and the frames that it dropped before the
// wire could read them.
#pragma once

#include <cstdint>
#include <mutex>

#include <warren/system/netlink.hpp>
#include <warren/system/tun_device.hpp>

namespace warren::lab {

class SendingDevice {
 public:
  /// Borrowed. It has its carrier, as fresh devices have.
  explicit SendingDevice(system::TunDevice& tap) noexcept : tap_(tap) {}

  /// Gives the device its carrier or takes it. Once it has it again, waits until the kernel sends
  /// by it: that takes a few milliseconds. Any thread. No error when the device was deleted.
  void follow(bool carrier);

  /// The kernel counts both together, as tx_dropped.
  struct Dropped {
    std::uint64_t for_want_of_room = 0;  ///< the queue was full
    std::uint64_t without_carrier = 0;
  };
  /// Any thread.
  [[nodiscard]] Dropped dropped();

 private:
  /// Adds what was dropped since the last time to what it was dropped for.
  void settle(const system::Link& link) noexcept;

  system::TunDevice& tap_;
  std::mutex mutex_;
  bool carrier_ = true;
  std::uint64_t seen_ = 0;
  Dropped dropped_;
};

}  // namespace warren::lab
