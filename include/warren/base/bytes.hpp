// Bytes and the two byte orders. Fields of packets are read by the checked views in `packet`, which
// are built on these.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace warren::base {

using Bytes = std::span<std::byte>;
using ConstBytes = std::span<const std::byte>;

/// The characters of `text` as bytes; borrows from it.
inline ConstBytes bytes_of(std::string_view text) noexcept {
  return std::as_bytes(std::span(text.data(), text.size()));
}

static_assert(std::endian::native == std::endian::little || std::endian::native == std::endian::big);

namespace detail {
template <std::unsigned_integral T>
constexpr T swap_bytes(T value) noexcept {
  if constexpr (sizeof(T) == 1) return value;
  else if constexpr (sizeof(T) == 2) return static_cast<T>(__builtin_bswap16(value));
  else if constexpr (sizeof(T) == 4) return __builtin_bswap32(value);
  else return __builtin_bswap64(value);
}
}  // namespace detail

/// Reads an unaligned big-endian integer; `from` must have sizeof(T) bytes.
template <std::unsigned_integral T>
T load_be(const std::byte* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof value);
  return std::endian::native == std::endian::big ? value : detail::swap_bytes(value);
}

/// Reads an unaligned little-endian integer; `from` must have sizeof(T) bytes.
template <std::unsigned_integral T>
T load_le(const std::byte* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof value);
  return std::endian::native == std::endian::little ? value : detail::swap_bytes(value);
}

/// Writes an unaligned big-endian integer; `to` must have room for sizeof(T) bytes.
template <std::unsigned_integral T>
void store_be(std::byte* to, T value) noexcept {
  if constexpr (std::endian::native == std::endian::little) value = detail::swap_bytes(value);
  std::memcpy(to, &value, sizeof value);
}

/// Writes an unaligned little-endian integer; `to` must have room for sizeof(T) bytes.
template <std::unsigned_integral T>
void store_le(std::byte* to, T value) noexcept {
  if constexpr (std::endian::native == std::endian::big) value = detail::swap_bytes(value);
  std::memcpy(to, &value, sizeof value);
}

}  // namespace warren::base
