// All wired links of a lab in one thread with one io_uring: frames that one TAP device hands over
// go through the link's pipeline to the other. Super-packets are cut into the frames that a wire
// would carry before the dice are thrown.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <warren/impair/pipeline.hpp>
#include <warren/impair/recording.hpp>
#include <warren/lab/capture.hpp>
#include <warren/lab/topology.hpp>
#include <warren/lab/wire_counters.hpp>
#include <warren/system/tun_device.hpp>

namespace warren::lab {

/// For TunOptions::queue_packets of a wire's TAP devices: a TAP device holds no sender back, and a
/// burst has to wait somewhere while the wire's thread does not run.
inline constexpr std::uint32_t kTapQueuePackets = 8192;

struct WireLink {
  LinkId id;
  std::string name;
  /// With virtio header (TunOffload::checksum or more). Where the receiving device has TSO and USO
  /// on, frames of one flow that arrive at one moment are handed to it in one piece, as a network
  /// card with receive offloads would; TunOffload::checksum: one by one, for XDP programs.
  std::array<std::unique_ptr<system::TunDevice>, 2> taps;
  std::array<impair::Settings, 2> settings;
};

struct WireOptions {
  std::uint64_t seed = 0;
  CaptureRing* capture = nullptr;  ///< borrowed; outlives the wire
  std::uint64_t frame_bytes = 0;   ///< memory for frames on their way; 0: from the settings
  bool schedule_first = true;      ///< SCHED_FIFO where the kernel allows it
  /// Idle processors do not halt while the wire lives, where the kernel allows it: delays are kept
  /// more exactly, for power.
  bool processors_awake = false;
  /// Verdicts to apply instead of the dice.
  std::shared_ptr<const impair::Recording> replay = {};
  /// Called in the wire's thread before anything else.
  std::function<void()> on_thread_start = {};
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
  /// devices off and on, once both directions are down or one is up again. Throws base::Error for
  /// a link that there is not, and when the wire has died.
  void change(LinkId link, std::uint8_t direction, const impair::Settings& settings);
  [[nodiscard]] impair::Settings settings(LinkId link, std::uint8_t direction) const;
  /// Any thread; a consistent copy.
  [[nodiscard]] WireCounters counters(LinkId link, std::uint8_t direction) const;
  /// Captured frames from now on, all links; off costs nothing. Off at first.
  void capture(bool on);
  /// What the thread died of, if it did.
  [[nodiscard]] std::string failure() const;
  /// How it runs, for logs: "scheduling: …", "frame read: multishot".
  [[nodiscard]] std::vector<std::string> features() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace warren::lab
