// Why a packet died. A hostile or unlucky packet is not an error: it is one of these values, with one
// counter each, shown by `warren status`.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace warren::base {

// name, text for people
#define WARREN_DROPS(X)                                                           \
  /* outward */                                                                   \
  X(out_malformed, "outgoing packet is malformed")                                \
  X(out_no_route, "no peer is allowed the destination")                           \
  X(out_no_endpoint, "the peer's endpoint is not known")                          \
  X(out_no_key, "the interface has no private key")                               \
  X(out_interface_down, "the interface is down")                                  \
  X(out_staged_overflow, "too many packets waited for a handshake")               \
  X(out_handshake_gave_up, "the handshake was given up")                          \
  X(out_too_big, "outgoing packet exceeds the MTU or a datagram")                 \
  X(out_no_buffer, "no transmit buffer was free")                                 \
  X(out_send_failed, "sending the datagram failed")                               \
  /* inward, before authentication */                                             \
  X(in_too_short, "datagram is too short")                                        \
  X(in_unknown_type, "datagram is of no known type")                              \
  X(in_bad_length, "datagram's length does not fit its type")                     \
  X(in_truncated, "datagram was truncated by the receive buffer")                 \
  X(in_unknown_index, "no session has the receiver index")                        \
  X(in_session_expired, "the session has expired")                                \
  X(in_not_authentic, "transport data failed authentication")                     \
  X(in_handshake, "handshake message was refused")                                \
  X(in_no_key, "datagram came while the interface has no private key")            \
  X(in_interface_down, "datagram came while the interface is down")               \
  /* inward, authentic */                                                         \
  X(in_replayed, "counter was seen before or is too old")                         \
  X(in_malformed, "decrypted packet is malformed")                                \
  X(in_source_not_allowed, "inner source is not among the peer's allowed IPs")    \
  X(in_ecn, "congestion was marked on a packet without ECN")                      \
  X(in_write_failed, "writing to the interface failed")                           \
  /* Ethernet */                                                                  \
  X(tap_mac_table_full, "MAC table is full: source was not learned")              \
  X(tap_same_port, "frame's destination is where it came from")

enum class Drop : std::uint8_t {
#define WARREN_DROP_NAME(name, text) name,
  WARREN_DROPS(WARREN_DROP_NAME)
#undef WARREN_DROP_NAME
};

#define WARREN_DROP_COUNT(name, text) +1  // NOLINT(bugprone-macro-parentheses): summed
inline constexpr std::size_t kDropCount = 0 WARREN_DROPS(WARREN_DROP_COUNT);
#undef WARREN_DROP_COUNT

/// The stable name used in JSON and metrics: "in_replayed".
std::string_view drop_name(Drop drop) noexcept;
/// One line for people.
std::string_view drop_text(Drop drop) noexcept;

/// One counter per reason. Any thread may add and read.
class DropCounters {
 public:
  void add(Drop drop, std::uint64_t count = 1) noexcept {
    counts_[static_cast<std::size_t>(drop)].fetch_add(count, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t get(Drop drop) const noexcept {
    return counts_[static_cast<std::size_t>(drop)].load(std::memory_order_relaxed);
  }

 private:
  std::array<std::atomic<std::uint64_t>, kDropCount> counts_{};
};

}  // namespace warren::base
