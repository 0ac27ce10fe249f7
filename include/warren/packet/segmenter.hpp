// Cuts a super-packet, as a TUN or TAP device with TSO or USO hands it over, into the packets that
// belong on a wire: headers repeated, lengths, IPv4 identification, sequence numbers, flags and
// checksums set (as the kernel's tcp_gso_segment and __udp_gso_segment set them). A packet that is not
// a super-packet is one segment, its partial checksum completed where the header asks for that.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <warren/base/bytes.hpp>
#include <warren/packet/virtio.hpp>

namespace warren::packet {

class Segmenter {
 public:
  /// Checks that `header` and `packet` fit together; empty when they do not (the caller counts
  /// Drop::out_malformed). Borrows `packet`, which stays unchanged.
  static std::optional<Segmenter> create(const VirtioHeader& header, base::ConstBytes packet,
                                         Framing framing) noexcept;

  /// At least 1. Segments are 0 ... count() - 1.
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  /// Bytes of segment `index`, headers included.
  [[nodiscard]] std::size_t length(std::size_t index) const noexcept;
  /// Writes segment `index` to `out`, which has room for length(index) bytes and does not overlap the
  /// packet.
  void write(std::size_t index, std::byte* out) const noexcept;

 private:
  Segmenter() noexcept = default;
  base::ConstBytes packet_;
  std::size_t count_ = 1;
  std::size_t headers_ = 0;       // bytes of link, network and transport header
  std::size_t network_ = 0;       // where the IP header starts
  std::size_t transport_ = 0;     // where the TCP or UDP header starts
  std::size_t segment_bytes_ = 0; // payload of each segment but the last
  VirtioHeader header_;
};

}  // namespace warren::packet
