// Which counters of a session were seen: RFC 6479's ring of blocks, 8192 bits.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include <warren/protocol/limits.hpp>

namespace warren::protocol {

/// About 1 KiB. Guards itself: any number of threads may call at once. Consult it only for counters
/// whose packet was authentic.
class ReplayWindow {
 public:
  /// The block that the leading edge is filling cannot serve the trailing edge too (RFC 6479,
  /// section 2): a counter is in the window when it is at most this far behind the highest one
  /// seen.
  static constexpr std::uint64_t kSpan = kReplayWindowBits - 64;

  /// Marks `counter` as seen. False, with nothing changed, when it was seen before, is more than
  /// kSpan behind the highest one seen, or is not below kRejectAfterMessages.
  bool check_and_set(std::uint64_t counter) noexcept;
  /// Forgets everything: the window of a new session.
  void reset() noexcept;

 private:
  static constexpr std::size_t kBlocks = kReplayWindowBits / 64;
  static_assert((kBlocks & (kBlocks - 1)) == 0);

  void lock() noexcept;
  void unlock() noexcept { locked_.clear(std::memory_order_release); }

  std::array<std::uint64_t, kBlocks> seen_{};
  std::uint64_t next_ = 0;  // one above the highest counter seen; 0: none was seen
  std::atomic_flag locked_;
};

}  // namespace warren::protocol
