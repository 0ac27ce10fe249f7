// Theory of operation. 2^16 is 1 modulo 65535, and so is 2^32: native 32-bit words may be added
// into 64-bit accumulators and folded at the end, which leaves no carry to propagate inside the
// loop. The portable loop keeps the low and the high halves of 8-byte words apart; the AVX2 loop
// does the same with 64 bytes in a round. The fused copy stores what it has loaded anyway: the
// payload of a segment is read once. The choice is made once, from what the processor says.
#include <array>
#include <cstring>

#include <warren/packet/checksum.hpp>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace warren::packet::detail {
namespace {

template <typename T>
T load(const std::byte* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

/// Adds (and copies, when `Copy`) `size` bytes, 8 at a time.
template <bool Copy>
std::uint64_t portable(std::byte* to, const std::byte* from, std::size_t size) noexcept {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  while (size >= 8) {
    const auto word = load<std::uint64_t>(from);
    if constexpr (Copy) {
      std::memcpy(to, &word, sizeof word);
      to += sizeof word;
    }
    low += word & 0xffffffffU;
    high += word >> 32U;
    from += sizeof word;
    size -= sizeof word;
  }
  if (size > 0) {
    std::uint64_t word = 0;  // zeros behind an odd last byte, as RFC 1071 pads it
    std::memcpy(&word, from, size);
    if constexpr (Copy) std::memcpy(to, from, size);
    low += word & 0xffffffffU;
    high += word >> 32U;
  }
  return (low & 0xffffffffU) + (low >> 32U) + (high & 0xffffffffU) + (high >> 32U);
}

#if defined(__x86_64__)

// Below this the set-up of the wide loop costs more than it saves.
constexpr std::size_t kWideFromBytes = 128;

const bool wide_available = __builtin_cpu_supports("avx2") != 0;

template <bool Copy>
__attribute__((target("avx2"))) std::uint64_t wide(std::byte* to, const std::byte* from,
                                                   std::size_t size) noexcept {
  const __m256i mask = _mm256_set1_epi64x(0xffffffff);
  __m256i low0 = _mm256_setzero_si256();
  __m256i low1 = _mm256_setzero_si256();
  __m256i high0 = _mm256_setzero_si256();
  __m256i high1 = _mm256_setzero_si256();
  while (size >= 64) {
    const __m256i first = _mm256_loadu_si256(reinterpret_cast<const __m256i_u*>(from));
    const __m256i second = _mm256_loadu_si256(reinterpret_cast<const __m256i_u*>(from + 32));
    if constexpr (Copy) {
      _mm256_storeu_si256(reinterpret_cast<__m256i_u*>(to), first);
      _mm256_storeu_si256(reinterpret_cast<__m256i_u*>(to + 32), second);
      to += 64;
    }
    low0 = _mm256_add_epi64(low0, _mm256_and_si256(first, mask));
    high0 = _mm256_add_epi64(high0, _mm256_srli_epi64(first, 32));
    low1 = _mm256_add_epi64(low1, _mm256_and_si256(second, mask));
    high1 = _mm256_add_epi64(high1, _mm256_srli_epi64(second, 32));
    from += 64;
    size -= 64;
  }
  const __m256i sums =
      _mm256_add_epi64(_mm256_add_epi64(low0, low1), _mm256_add_epi64(high0, high1));
  std::array<std::uint64_t, 4> lanes;
  _mm256_storeu_si256(reinterpret_cast<__m256i_u*>(lanes.data()), sums);
  std::uint64_t total = portable<Copy>(to, from, size);
  for (const std::uint64_t lane : lanes) total += lane;  // each below 2^48 for any size of memory
  return (total & 0xffffffffU) + (total >> 32U);
}

#endif

template <bool Copy>
std::uint64_t sum(std::byte* to, const std::byte* from, std::size_t size) noexcept {
#if defined(__x86_64__)
  if (size >= kWideFromBytes && wide_available) return wide<Copy>(to, from, size);
#endif
  return portable<Copy>(to, from, size);
}

}  // namespace

std::uint64_t sum_bytes(const std::byte* from, std::size_t size) noexcept {
  return sum<false>(nullptr, from, size);
}

std::uint64_t copy_and_sum_bytes(std::byte* to, const std::byte* from, std::size_t size) noexcept {
  return sum<true>(to, from, size);
}

}  // namespace warren::packet::detail
