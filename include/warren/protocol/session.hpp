// A session: the two keys that a handshake made, ready for use, the counter of one and the replay
// window of the other.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <warren/base/time.hpp>
#include <warren/crypto/aead.hpp>
#include <warren/protocol/handshake.hpp>
#include <warren/protocol/ids.hpp>
#include <warren/protocol/limits.hpp>
#include <warren/protocol/replay_window.hpp>

namespace warren::protocol {

/// Any number of threads may use a session at once; whoever owns it sees to it that it outlives
/// them.
class Session {
 public:
  struct Parameters {
    SessionIndex local_index;   ///< the receiver index in what arrives
    SessionIndex remote_index;  ///< the receiver index in what is sent
    bool initiator = false;     ///< whether we sent the initiation
    base::Instant created;
    std::uint64_t first_counter = 0;
    MessageLimits limits{};
  };
  /// Prepares the keys for engines like `aead`: this is where a cipher's tables are computed, and
  /// the only place where a session allocates.
  Session(const crypto::Aead& aead, const SessionKeys& keys, const Parameters& parameters);

  [[nodiscard]] SessionIndex local_index() const noexcept { return local_index_; }
  [[nodiscard]] SessionIndex remote_index() const noexcept { return remote_index_; }
  [[nodiscard]] bool initiator() const noexcept { return initiator_; }
  [[nodiscard]] const crypto::AeadKey& send_key() const noexcept { return send_key_; }
  [[nodiscard]] const crypto::AeadKey& receive_key() const noexcept { return receive_key_; }

  /// Takes `count` consecutive counters and returns the first; empty, with none taken, when they
  /// would pass limits.reject_after. Never wraps.
  [[nodiscard]] std::optional<std::uint64_t> take_counters(std::size_t count) noexcept;
  /// Whether the packet with this counter is new. Only for authentic packets.
  [[nodiscard]] bool accept_counter(std::uint64_t counter) noexcept;

  /// Older than kRejectAfterTime: neither to send nor to receive with.
  [[nodiscard]] bool expired(base::Instant now) const noexcept {
    return now - created_ >= kRejectAfterTime;
  }
  /// Whether sending wants a new handshake: the initiator by age, both by count.
  [[nodiscard]] bool wants_rekey_on_send(base::Instant now) const noexcept;
  /// Whether receiving wants one: the initiator, late enough that sending did not see to it.
  [[nodiscard]] bool wants_rekey_on_receive(base::Instant now) const noexcept;

 private:
  const crypto::AeadKey send_key_;
  const crypto::AeadKey receive_key_;
  const SessionIndex local_index_;
  const SessionIndex remote_index_;
  const bool initiator_;
  const MessageLimits limits_;
  const base::Instant created_;
  // Apart from the read-mostly fields and from each other: threads that send and threads that
  // receive write to them.
  alignas(64) std::atomic<std::uint64_t> next_counter_;
  alignas(64) ReplayWindow replay_;
};

}  // namespace warren::protocol
