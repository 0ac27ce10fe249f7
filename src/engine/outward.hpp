// From the TUN to UDP: super-packets are cut into packets, sealed in batches and sent.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <warren/base/token_bucket.hpp>
#include <warren/protocol/device.hpp>

#include "transmitter.hpp"
#include "tun_port.hpp"

namespace warren::engine {

/// How many bytes a turn works on, about, in each direction: two super-packets. A packet that comes
/// while others are being worked on waits for no more than that, some 250 µs at 4 Gbit/s.
inline constexpr std::size_t kTurnBytes = std::size_t{128} * 1024;

class Outward {
 public:
  Outward(TunPort& tun, Transmitter& transmitter, protocol::Device& device,
          std::uint32_t max_reads);

  /// Takes a read; it waits its turn.
  void add(const TunPort::Read& read) noexcept;
  /// Seals and sends up to kTurnBytes of what waits, as long as there are transmit slots. Ends with
  /// flush().
  /// Returns the bytes worked on.
  std::size_t process(base::Now now) noexcept;
  /// Packets wait for transmit slots.
  [[nodiscard]] bool backlog() const noexcept { return waiting_ > 0; }

  /// A packet or frame for one peer that comes from elsewhere than the TUN (tap, hub): copied.
  /// False when there is no room.
  bool forward(base::Now now, protocol::PeerId peer, base::ConstBytes packet) noexcept;
  void forward_to_all(base::Now now, std::optional<protocol::PeerId> except,
                      base::ConstBytes packet) noexcept;
  void flush(base::Now now) noexcept;

  /// tap: the peers to flood to. After every command on the device.
  void refresh_peers() {
    if (tun_.framing() == packet::Framing::ethernet) peers_ = device_.peers();
  }

  /// Flushes, and sends the slow lane's datagrams. False when transmit slots ran out before it was
  /// empty.
  bool drain_slow_lane(base::Now now);

 private:
  /// A read, and how far it was dealt with before transmit slots ran out.
  struct Waiting {
    TunPort::Read read;
    std::size_t next_target = 0;
    std::size_t next_segment = 0;
    bool counted = false;
  };

  bool advance(base::Now now, Waiting& waiting) noexcept;
  template <class Source>
  bool add_segments(base::Now now, protocol::PeerId peer, const Source& source,
                    std::size_t& next_segment, std::uint8_t ecn) noexcept;
  template <class Source>
  void answer_too_big(base::Now now, const Source& source) noexcept;
  base::Bytes reserve(base::Now now, protocol::PeerId peer, std::size_t length) noexcept;

  TunPort& tun_;
  Transmitter& transmitter_;
  protocol::Device& device_;
  std::vector<Waiting> queue_;  // a ring of fixed size
  std::size_t first_ = 0;
  std::size_t waiting_ = 0;
  std::vector<protocol::PeerId> peers_;

  // The open batch: packets for one peer in the current transmit slot.
  protocol::PeerId batch_peer_;
  std::size_t batch_count_ = 0;
  std::size_t batch_bytes_ = 0;  // of the sealed datagrams
  std::array<protocol::SealItem, kMaxSegments> items_;
  std::array<Datagram, kMaxSegments> datagrams_;
  std::vector<std::byte> slow_buffer_;
  // RFC 4443 section 2.4 (f): 100 errors per second, in bursts of 10.
  static constexpr base::TokenRate kTooBigErrors{std::chrono::milliseconds(10), 10};
  base::TokenBucket too_big_errors_;
};

}  // namespace warren::engine
