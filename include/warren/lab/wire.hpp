// All wired links of a lab in one thread with one io_uring: frames that one TAP device hands over
// go through the link's pipeline to the other. Super-packets are cut into the frames that a wire
// would carry before the dice are thrown.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <warren/impair/pipeline.hpp>
#include <warren/lab/capture.hpp>
#include <warren/lab/topology.hpp>
#include <warren/system/tun_device.hpp>

namespace warren::lab {

/// Of one direction of a link.
struct WireCounters {
  std::uint64_t frames = 0, bytes = 0;  ///< entered
  std::array<std::uint64_t, impair::kVerdicts> verdicts{};
  std::uint64_t duplicated = 0, corrupted = 0, reordered = 0;
  std::uint64_t malformed = 0;  ///< not to be cut into frames
  std::uint64_t refused = 0;    ///< the receiving device did not take them (EIO: it is down)
  std::uint64_t held_frames = 0, queued_bytes = 0;  ///< now
  /// How late frames left, against the emulated moment.
  std::uint64_t late_p50_ns = 0, late_p99_ns = 0, late_max_ns = 0;
};

struct WireLink {
  LinkId id;
  std::string name;
  std::array<std::unique_ptr<system::TunDevice>, 2> taps;  ///< with IFF_VNET_HDR
  std::array<impair::Settings, 2> settings;
};

struct WireOptions {
  std::uint64_t seed = 0;
  CaptureRing* capture = nullptr;  ///< borrowed; outlives the wire
  std::uint64_t frame_bytes = 0;   ///< memory for frames on their way; 0: from the settings
  bool schedule_first = true;      ///< SCHED_FIFO where the kernel allows it
};

class Wire {
 public:
  /// Starts the thread. Throws base::Error with a remedy where io_uring is refused.
  Wire(std::vector<WireLink> links, const WireOptions& options);
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  /// Stops the thread; the TAP devices go with it.
  ~Wire();

  /// Any thread. Takes effect before the call returns. `up` also switches the carrier of both
  /// devices off and on, once both directions are down or one is up again.
  void change(LinkId link, std::uint8_t direction, const impair::Settings& settings);
  [[nodiscard]] impair::Settings settings(LinkId link, std::uint8_t direction) const;
  /// Any thread; a consistent copy.
  [[nodiscard]] WireCounters counters(LinkId link, std::uint8_t direction) const;
  /// Captured frames from now on, all links; off costs nothing.
  void capture(bool on);
  /// What the thread died of, if it did.
  [[nodiscard]] std::string failure() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace warren::lab
