// Frames between many TAP devices in one thread with one io_uring: it reads whatever the devices
// hand over, wakes at a moment asked for, and writes. What happens to the frames is its owner's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <warren/base/bytes.hpp>
#include <warren/base/strong_id.hpp>
#include <warren/base/time.hpp>
#include <warren/engine/engine.hpp>
#include <warren/packet/virtio.hpp>
#include <warren/system/tun_device.hpp>

namespace warren::engine {

struct FrameDeviceTag;
/// Index into FrameLoopOptions::devices.
using FrameDevice = base::StrongId<FrameDeviceTag, std::uint32_t>;

/// What a FrameLoop calls, in its own thread.
class FrameSink {
 public:
  FrameSink() = default;
  FrameSink(const FrameSink&) = delete;
  FrameSink& operator=(const FrameSink&) = delete;

  /// A frame or super-packet, as the device handed it over. `now` is the moment of the turn. The
  /// bytes are lent for the call.
  virtual void on_frame(FrameDevice device, const packet::VirtioHeader& header,
                        base::ConstBytes frame, base::Instant now) = 0;
  /// Once a turn, after the frames. Returns when to be called again at the latest; empty: when
  /// there are frames. A moment that has passed: after another look at the devices.
  virtual std::optional<base::Instant> on_turn(base::Instant now) = 0;
  /// Somebody called FrameLoop::wake(); several calls may be one. Before on_turn().
  virtual void on_wake() = 0;
  /// The device was deleted: nothing comes from it any more, and writes to it fail.
  virtual void on_gone(FrameDevice device) = 0;

 protected:
  ~FrameSink() = default;
};

struct FrameLoopOptions {
  std::vector<system::TunDevice*> devices = {};  ///< borrowed; they outlive the loop
  Scheduling scheduling = Scheduling::automatic;
  /// Wakes a little before a moment asked for, and looks at the clock for the rest, for a quarter
  /// of a processor's time at the most. Off: sleeps until the moment, and is late by what waking
  /// takes.
  bool wake_early = true;
  bool multishot = true;  ///< off: as on a kernel without multishot reads (before Linux 6.7)
};

class FrameLoop {
 public:
  /// The constructor, run(), write() and the destructor are on one thread. Throws base::Error with
  /// a remedy where io_uring is refused.
  FrameLoop(const FrameLoopOptions& options, FrameSink& sink);
  FrameLoop(const FrameLoop&) = delete;
  FrameLoop& operator=(const FrameLoop&) = delete;
  ~FrameLoop();

  /// Runs until stop().
  void run();
  /// Any thread.
  void stop() noexcept;
  /// Has the sink's on_wake() called. Any thread.
  void wake() noexcept;

  /// Gives `pieces`, one after the other, to the device as a frame that it receives, or as a
  /// super-packet that `header` describes. Done when it returns: 0, or an errno (EIO: the device is
  /// down; EBADFD: it is gone). At most kMaxPieces.
  int write(FrameDevice device, const packet::VirtioHeader& header,
            std::span<const base::ConstBytes> pieces) noexcept;
  static constexpr std::size_t kMaxPieces = 64;

  [[nodiscard]] std::vector<Feature> features() const;

  struct Statistics {
    std::uint64_t turns = 0;  ///< wake-ups
    std::uint64_t reads = 0, writes = 0;
  };
  [[nodiscard]] const Statistics& statistics() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace warren::engine
