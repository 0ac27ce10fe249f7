// Cuts a super-packet, as a TUN or TAP device with TSO or USO hands it over, into the packets that
// belong on a wire: headers repeated, lengths, IPv4 identification, sequence numbers, flags and
// checksums set (as the kernel's tcp_gso_segment and __udp_gso_segment set them). A packet that is
// not a super-packet is one segment, its partial checksum completed where the header asks for that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <warren/base/bytes.hpp>
#include <warren/base/ip.hpp>
#include <warren/packet/checksum.hpp>
#include <warren/packet/virtio.hpp>

namespace warren::packet {

class Segmenter {
 public:
  /// The most segments a super-packet may have: 64 KiB of the smallest segments that Linux makes.
  static constexpr std::size_t kMaxSegments = 8192;

  /// Checks that `header` and `packet` fit together; empty when they do not (the caller counts
  /// Drop::out_malformed): an empty packet, an unknown gso_type or one that does not match the
  /// packet's headers, a gso_size of 0, more than kMaxSegments, a super-packet without
  /// kNeedsChecksum, lengths that disagree, a checksum field outside the packet. Borrows `packet`,
  /// which stays unchanged.
  static std::optional<Segmenter> create(const VirtioHeader& header, base::ConstBytes packet,
                                         Framing framing) noexcept;

  /// At least 1. Segments are 0 ... count() - 1.
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  /// Bytes of segment `index`, headers included.
  [[nodiscard]] std::size_t length(std::size_t index) const noexcept {
    return index + 1 < count_ ? headers_ + segment_bytes_
                              : packet_.size() - (count_ - 1) * segment_bytes_;
  }
  /// Writes segment `index` to `out`, which has room for length(index) bytes and does not overlap
  /// the packet. Any thread.
  void write(std::size_t index, std::byte* out) const noexcept;

 private:
  enum class Kind : std::uint8_t { verbatim, checksum, tcp, udp };

  Segmenter() noexcept = default;
  bool locate(const VirtioHeader& header, Framing framing) noexcept;
  bool prepare(std::size_t gso_size) noexcept;
  void prepare_sums() noexcept;
  void write_network(std::byte* network, std::size_t index, std::size_t bytes) const noexcept;

  base::ConstBytes packet_;
  std::size_t count_ = 1;
  std::size_t headers_ = 0;         // bytes of link, network and transport header
  std::size_t network_ = 0;         // where the IP header starts
  std::size_t transport_ = 0;       // where the TCP or UDP header (or what is summed) starts
  std::size_t checksum_field_ = 0;  // where the transport checksum goes
  std::size_t segment_bytes_ = 0;   // payload of each segment but the last
  Checksum network_sum_;            // IPv4 header but for total length, identification, checksum
  Checksum transport_sum_;          // what all segments' transport checksums have in common
  std::uint32_t first_sequence_ = 0;
  std::uint16_t first_id_ = 0;
  std::uint8_t flags_ = 0;  // TCP flags of the super-packet
  Kind kind_ = Kind::verbatim;
  base::Family family_ = base::Family::v4;
};

}  // namespace warren::packet
