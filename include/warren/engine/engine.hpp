// The engine: one thread, one io_uring, one device. It moves packets between a TUN or TAP device and
// UDP through a protocol::Device, and watches what else its owner asks it to.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <warren/base/ip.hpp>
#include <warren/base/strong_id.hpp>
#include <warren/base/time.hpp>
#include <warren/protocol/device.hpp>
#include <warren/system/tun_device.hpp>
#include <warren/system/udp_socket.hpp>

namespace warren::engine {

struct WatchIdTag;
using WatchId = base::StrongId<WatchIdTag, std::uint32_t>;

/// How the engine's thread is scheduled.
enum class Scheduling : std::uint8_t {
  automatic,  ///< ahead of ordinary threads under load, where the kernel allows it (CAP_SYS_NICE)
  ordinary,   ///< as ordinary threads
};

/// What the operator chooses: `[engine]` of the configuration. (The offloads of the interface are
/// chosen when the system::TunDevice is made.)
struct Tuning {
  bool udp_segmentation = true;     ///< UDP_SEGMENT where the kernel has it
  bool udp_receive_offload = true;  ///< UDP_GRO where the kernel has it
  bool zero_copy = false;           ///< send long messages by SENDMSG_ZC where the kernel has it
  /// How long the loop looks for completions before it sleeps; a core is busy meanwhile. 0: not.
  base::Duration busy_poll{0};
  Scheduling scheduling = Scheduling::automatic;
};

/// What to do without, even where the kernel has it, so that tests run each fallback on any kernel.
struct Restrictions {
  bool multishot = true;           ///< multishot reads and receives
  bool registered_buffers = true;  ///< for single-shot reads of the TUN
  unsigned completions = 0;        ///< entries of the completion queue; 0: enough for the worst turn
  std::uint32_t transmit_slots = 0;  ///< 0: the default
};

struct EngineOptions {
  std::uint16_t listen_port = 0;
  std::uint32_t fwmark = 0;
  Tuning tuning = {};
  Restrictions restrictions = {};
};

/// One thing the engine uses, and how well: for status and doctor.
struct Feature {
  std::string name;    ///< "tun read", "udp receive", "udp segmentation", "tun offload", …
  std::string state;   ///< "multishot", "single-shot", "tso+uso", "off: EINVAL", …
  bool degraded = false;  ///< less than was asked for
  bool forced = false;    ///< something else than the default was asked for
};

/// What the ring could do on this kernel; made by a probe without side effects.
struct RingSupport {
  bool available = false;
  std::string unavailable_reason;  ///< names seccomp, kernel.io_uring_disabled, or the kernel's age
  std::string remedy;
  bool defer_taskrun = false;
  bool read_multishot = false;
  bool recvmsg_multishot = false;
  bool provided_buffer_rings = false;
  bool registered_buffers = false;
  bool send_zero_copy = false;
};
/// Creates a ring and closes it again. Any thread.
RingSupport probe_ring();

class Engine {
 public:
  /// Borrows `device` and `tun`; both outlive the engine. Binds the sockets and sets up the ring;
  /// throws base::Error with a remedy where the kernel refuses. The ring belongs to the calling thread:
  /// the constructor, all calls and the destructor are on one thread, and no fork comes between.
  Engine(const EngineOptions& options, protocol::Device& device, system::TunDevice& tun);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine();

  /// Runs until stop(). All callbacks run in here. An exception from a callback leaves run().
  void run();
  /// Makes run() return after the current turn; outside of run(), makes the next one return at
  /// once. From the engine's thread only.
  void stop() noexcept;

  /// Calls `ready(revents)` in the loop while `fd` is ready for `events` (as poll(2)); level-triggered.
  /// Borrows `fd`. May be called from callbacks.
  WatchId watch(int fd, short events, std::function<void(short)> ready);
  void change_watch(WatchId watch, short events);
  /// Ends a watch or a call that was asked for by call_at. The callback is not called any more once
  /// this returns; the descriptor may be closed then.
  void unwatch(WatchId watch) noexcept;

  /// Calls `fire` once, at or after `when`.
  WatchId call_at(base::Instant when, std::function<void()> fire);

  /// Drains the device's slow lane and arms its timer: call it after every command on the device from
  /// outside a callback of this engine (callbacks are followed by it anyway).
  void kick();

  /// Binds new sockets; the old ones stay when that throws.
  void set_listen_port(std::uint16_t port);
  [[nodiscard]] std::uint16_t listen_port() const;
  void set_fwmark(std::uint32_t fwmark);
  [[nodiscard]] std::uint32_t fwmark() const noexcept;

  /// Called for each event of the device.
  void on_event(std::function<void(const protocol::Event&)> callback);
  /// Called once when the TUN device is gone (deleted under the descriptor).
  void on_device_gone(std::function<void()> callback);

  /// Called when something that was in use turned out not to work: features() has changed. Not in the
  /// middle of a turn's work.
  void on_step_down(std::function<void()> callback);

  /// The features in use now, degraded and forced ones marked.
  [[nodiscard]] std::vector<Feature> features() const;

  struct Statistics {
    std::uint64_t turns = 0;              ///< loop turns, i.e. wake-ups
    std::uint64_t tun_reads = 0, tun_read_packets = 0, tun_read_bytes = 0;
    std::uint64_t tun_writes = 0, tun_write_packets = 0, tun_write_bytes = 0;
    std::uint64_t udp_receives = 0, udp_receive_datagrams = 0, udp_receive_bytes = 0;
    std::uint64_t udp_sends = 0, udp_send_datagrams = 0, udp_send_bytes = 0;
    std::uint64_t udp_segment_fallbacks = 0;  ///< segmented messages sent again as single datagrams
    std::uint64_t udp_zero_copy_sends = 0;    ///< of udp_sends
    std::uint64_t udp_zero_copy_copies = 0;   ///< of those, the ones that the kernel copied after all
  };
  [[nodiscard]] const Statistics& statistics() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace warren::engine
