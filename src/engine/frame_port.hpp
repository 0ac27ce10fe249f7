// One TAP of a FrameLoop: a read that is always armed, and writes.
#pragma once

#include <cstdint>
#include <optional>

#include <warren/engine/frame_loop.hpp>

#include "receive_pool.hpp"
#include "ring.hpp"

namespace warren::engine {

class FramePort {
 public:
  /// All are borrowed. The port's operations carry `device` in their tags.
  FramePort(Ring& ring, ReceivePool& pool, system::TunDevice& tun, FrameDevice device) noexcept
      : ring_(&ring), pool_(&pool), tun_(&tun), device_(device) {}

  /// Arms a read, unless one is armed or the device is gone. Without multishot reads it asks to be
  /// told when there is something to read.
  void arm();
  /// The slot of the frame that a multishot read brought, with one use; empty when it failed.
  std::optional<SlotIndex> on_read(const Completion& completion);
  /// The device has frames for read_now(), or is gone.
  void on_poll(const Completion& completion);
  /// Reads a frame at once into `into`; 0 when there is none.
  std::size_t read_now(base::Bytes into) noexcept;
  /// Returns 0 or an errno.
  int write(const packet::VirtioHeader& header, std::span<const base::ConstBytes> pieces) noexcept;

  [[nodiscard]] bool armed() const noexcept { return armed_; }
  [[nodiscard]] bool gone() const noexcept { return gone_; }
  [[nodiscard]] std::size_t header_bytes() const noexcept { return tun_->header_bytes(); }

 private:
  Ring* ring_;
  ReceivePool* pool_;
  system::TunDevice* tun_;
  FrameDevice device_;
  bool armed_ = false;
  bool gone_ = false;
  bool read_before_ = false;  // a multishot read worked: an error is not for want of support
  bool polls_ = false;        // after trouble with multishot reads
};

}  // namespace warren::engine
