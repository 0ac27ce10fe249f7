// The Internet checksum, RFC 1071: the 16-bit ones' complement of the ones' complement sum. The sum
// does not depend on byte order (section 2, part B), so bytes are added as they lie in memory, 32
// at a time where the processor can, and only single fields are converted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <warren/base/bytes.hpp>

namespace warren::packet {

namespace detail {
/// The sum of `size` bytes as native 16-bit words, an odd last byte padded with zero; below 2^34.
std::uint64_t sum_bytes(const std::byte* from, std::size_t size) noexcept;
/// The same, and copies the bytes to `to`, in one pass.
std::uint64_t copy_and_sum_bytes(std::byte* to, const std::byte* from, std::size_t size) noexcept;
}  // namespace detail

/// A partial sum. Values from one thread only; up to 2^30 parts may be added. Every part must lie
/// at an even offset of what is summed, so only the last may have an odd length.
class Checksum {
 public:
  Checksum() noexcept = default;
  explicit Checksum(base::ConstBytes bytes) noexcept { add(bytes); }

  Checksum& add(base::ConstBytes bytes) noexcept {
    sum_ += detail::sum_bytes(bytes.data(), bytes.size());
    return *this;
  }
  /// Copies `from` to `to` (which has room, and does not overlap) and adds it.
  Checksum& copy_and_add(std::byte* to, base::ConstBytes from) noexcept {
    sum_ += detail::copy_and_sum_bytes(to, from.data(), from.size());
    return *this;
  }
  Checksum& add(const Checksum& other) noexcept {
    sum_ += other.sum_;
    return *this;
  }
  /// Adds a field by its value.
  Checksum& add_word(std::uint16_t value) noexcept {
    sum_ += swapped(value);
    return *this;
  }
  /// Takes a field that was added out again.
  Checksum& subtract_word(std::uint16_t value) noexcept {
    return add_word(static_cast<std::uint16_t>(~value));
  }
  /// Adds a field of 32 bits by its value.
  Checksum& add_double_word(std::uint32_t value) noexcept {
    return add_word(static_cast<std::uint16_t>(value >> 16U))
        .add_word(static_cast<std::uint16_t>(value & 0xffffU));
  }
  /// Adds the pseudo header of TCP and UDP (RFC 9293 section 3.1, RFC 8200 section 8.1):
  /// `addresses` are source and destination, 8 or 32 bytes; `length` is that of the transport
  /// header and its payload.
  Checksum& add_pseudo_header(base::ConstBytes addresses, std::uint8_t protocol,
                              std::uint16_t length) noexcept {
    return add(addresses).add_word(protocol).add_word(length);
  }

  /// The folded sum, not complemented. Never 0 unless everything added was 0.
  [[nodiscard]] std::uint16_t sum() const noexcept { return swapped(folded()); }
  /// What belongs in a checksum field.
  [[nodiscard]] std::uint16_t value() const noexcept { return static_cast<std::uint16_t>(~sum()); }
  /// True when the bytes added included a right checksum.
  [[nodiscard]] bool verifies() const noexcept { return folded() == 0xffff; }

 private:
  static std::uint16_t swapped(std::uint16_t value) noexcept {
    return std::endian::native == std::endian::big ? value : base::detail::swap_bytes(value);
  }
  [[nodiscard]] std::uint16_t folded() const noexcept {
    std::uint64_t sum = (sum_ & 0xffffffffU) + (sum_ >> 32U);  // 2^32 is 1 modulo 65535
    sum = (sum & 0xffffU) + (sum >> 16U);
    sum = (sum & 0xffffU) + (sum >> 16U);
    sum = (sum & 0xffffU) + (sum >> 16U);
    return static_cast<std::uint16_t>(sum);
  }
  std::uint64_t sum_ = 0;
};

}  // namespace warren::packet
