// The sending half of UDP: transmit slots, and messages of one or many datagrams made from them.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <warren/base/ip.hpp>
#include <warren/engine/engine.hpp>
#include <warren/protocol/device.hpp>

#include "buffer_arena.hpp"
#include "ring.hpp"
#include "udp_port.hpp"

namespace warren::engine {

/// The most datagrams in one segmented message: UDP_MAX_SEGMENTS of kernels before 6.9.
inline constexpr std::size_t kMaxSegments = 64;
/// Shorter messages are copied even with zero-copy: pinning their pages and hearing of their end
/// costs more than a copy (Documentation/networking/msg_zerocopy.rst: "over around 10 KB").
inline constexpr std::uint32_t kMinZeroCopyBytes = 10'240;
/// The most bytes of one message: 65,535 less an IPv4 and a UDP header.
inline constexpr std::size_t kMaxMessageBytes = 65'507;

struct TransmitterOptions {
  bool segmentation = true;
  bool zero_copy = false;
  std::uint32_t slots = 32;
  std::uint32_t messages = 1024;
};

/// One sealed datagram in the current transmit slot.
struct Datagram {
  base::Bytes bytes;
  std::uint8_t ecn = 0;
};

class Transmitter {
 public:
  Transmitter(Ring& ring, UdpPort& port, protocol::Device& device, Engine::Statistics& statistics,
              const TransmitterOptions& options);

  // ---- space: a cursor in the current slot
  // -----------------------------------------------------------

  /// Whether `room` more bytes fit into the current slot.
  [[nodiscard]] bool fits(std::size_t room) const noexcept;
  /// Lets go of the current slot, what lies in it having been queued, and takes another. False when
  /// none is free or too few messages are.
  bool next_slot() noexcept;
  /// The next `room` bytes of the current slot, in which they fit. Datagrams lie side by side, so
  /// that a message is one piece of memory: without a copy the kernel takes at most 17 pieces
  /// (MAX_SKB_FRAGS), just what 65,507 bytes in pages of 4 KiB are.
  base::Bytes take(std::size_t room) noexcept;
  /// Whether a batch of kMaxSegments datagrams is sure to find messages.
  [[nodiscard]] bool has_messages() const noexcept { return free_.size() >= kMaxSegments; }
  /// Between turns: nothing can be sent before a send completes, and one is sure to complete with a
  /// completion of its own, which wakes whoever sleeps in the ring.
  [[nodiscard]] bool waits_for_completion() const noexcept;
  /// End of turn: a slot that was begun goes with its messages.
  void end_turn(base::Instant now) noexcept;

  // ---- sending
  // ---------------------------------------------------------------------------------------

  /// Sends datagrams that lie side by side in the current slot, at most kMaxSegments, along `path`:
  /// neighbours of equal length in one message. `peer` is who to ask for another path when the
  /// source is gone.
  void send(base::Instant now, const base::Path& path, std::optional<protocol::PeerId> peer,
            std::span<const Datagram> datagrams) noexcept;
  void on_sent(const Completion& completion, base::Instant now) noexcept;

  [[nodiscard]] const BufferArena& arena() const noexcept { return arena_; }
  /// Whether long messages are sent without a copy.
  [[nodiscard]] bool sends_without_copy() const noexcept { return zero_copy_.available; }
  /// Counts what turned out not to work: zero-copy, segmentation to an endpoint.
  [[nodiscard]] unsigned step_downs() const noexcept { return step_downs_; }
  void add_features(std::vector<Feature>& features) const;

 private:
  static constexpr std::size_t kSlotBytes = std::size_t{72} * 1024;
  static constexpr std::size_t kEndpointsWithout = 16;

  struct Message {
    msghdr header{};
    iovec payload{};
    sockaddr_in6 to{};
    alignas(cmsghdr) std::array<std::byte, 128> control{};
    base::Path path;
    std::optional<protocol::PeerId> peer;
    SlotIndex slot;
    std::uint16_t segment_bytes = 0;  // of each datagram but the last
    std::uint16_t datagrams = 0;
    std::uint8_t ecn = 0;
    bool zero_copy = false;
    bool notifies = false;  // was given to the kernel as zero-copy, however it goes on
  };
  /// An endpoint to which segmented messages failed.
  struct Without {
    base::Endpoint endpoint;
    base::Instant until{};
  };

  std::size_t message_length(std::span<const Datagram> datagrams, bool segment) const noexcept;
  void address(Message& message) noexcept;
  int send_now(Message& message) noexcept;
  void on_accepted(Message& message, int result, base::Instant now) noexcept;
  int send_copied(Message& message, int error) noexcept;
  void recover(Message& message, int error, base::Instant now) noexcept;
  void send_apart(Message& message) noexcept;
  [[nodiscard]] bool may_segment(const base::Endpoint& endpoint, base::Instant now) noexcept;
  void stop_segmenting(const base::Endpoint& endpoint, base::Instant now) noexcept;
  void count_sent(const Message& message) noexcept;
  void add_zero_copy_feature(std::vector<Feature>& features) const;

  Ring& ring_;
  UdpPort& port_;
  protocol::Device& device_;
  Engine::Statistics& statistics_;
  bool segmentation_;
  bool zero_copy_wanted_;
  ZeroCopySupport zero_copy_;
  BufferArena arena_;
  std::optional<SlotIndex> slot_;
  std::size_t used_ = 0;  // bytes of the current slot
  std::vector<Message> messages_;
  std::vector<std::uint32_t> free_;
  std::size_t notifying_ = 0;  // messages in flight that notify
  std::array<Without, kEndpointsWithout> without_{};
  std::size_t next_without_ = 0;
  base::Instant last_without_{};  // the end of the latest of them: none is in force after it
  int last_refusal_ = 0;
  int zero_copy_refusal_ = 0;
  unsigned step_downs_ = 0;
};

}  // namespace warren::engine
