// Follows a TUN device through changes of its state, its MTU and its name, into whatever network
// namespace it is moved. It works from the namespace it was made in: the others are addressed by id
// and neither entered nor kept alive, so that a container's end still takes its interface with it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <warren/system/link_monitor.hpp>
#include <warren/system/tun_device.hpp>

namespace warren::system {

class TunFollower {
 public:
  struct State {
    bool exists = false;  ///< false: deleted; the rest is then as it was last
    std::uint32_t index = 0;
    std::string name;
    std::uint32_t mtu = 0;
    bool up = false;
    bool moved = false;  ///< in another namespace than at the refresh before
    bool away = false;   ///< not in the namespace that it was made in: `index` counts elsewhere
    friend bool operator==(const State&, const State&) noexcept = default;
  };

  /// Borrows `tun`, which outlives this. Call in the namespace the device was made in. Throws
  /// SystemError.
  explicit TunFollower(const TunDevice& tun);
  TunFollower(TunFollower&&) noexcept;
  TunFollower& operator=(TunFollower&&) noexcept;
  ~TunFollower();

  /// Readable when a refresh is due; the same descriptor for the object's life. Changes in other
  /// namespaces show only with CAP_NET_BROADCAST; a device that goes with its namespace shows only
  /// as POLLERR on the device itself.
  [[nodiscard]] int fd() const noexcept;
  /// Drains the descriptor, then reads the device's state. Throws SystemError.
  State refresh();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace warren::system
