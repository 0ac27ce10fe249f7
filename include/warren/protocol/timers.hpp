// The timers of a peer, and the one ordered structure over the peers of a device that says whose
// timer is due next. White paper, section 6; the timers are named as in the kernel module.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <warren/base/time.hpp>

namespace warren::protocol {

enum class Timer : std::uint8_t {
  /// Armed by an initiation, disarmed when the handshake completes. Sends the initiation again,
  /// until
  /// kRekeyAttemptTime after the first.
  retransmit_handshake,
  /// Armed by received data, disarmed by anything authentic that is sent. Sends a keepalive, so
  /// that
  /// the peer knows that its data arrives.
  send_keepalive,
  /// Armed by sent data, disarmed by anything authentic that is received. Starts a handshake: the
  /// peer
  /// seems to have lost its session.
  new_handshake,
  /// Armed by a new session. Wipes all sessions and secrets of a peer that has not been heard of.
  zero_key_material,
  /// Armed by anything authentic that is sent or received, where the peer has an interval. Sends a
  /// keepalive, so that NAT mappings live.
  persistent_keepalive,
};
inline constexpr std::size_t kTimerCount = 5;

/// The deadlines of one peer.
class PeerTimers {
 public:
  static constexpr base::Instant kNever = base::Instant::max();

  PeerTimers() noexcept { deadlines_.fill(kNever); }
  void set(Timer timer, base::Instant deadline) noexcept { at(timer) = deadline; }
  void clear(Timer timer) noexcept { at(timer) = kNever; }
  void clear_all() noexcept { deadlines_.fill(kNever); }
  [[nodiscard]] bool pending(Timer timer) const noexcept {
    return deadlines_[static_cast<std::size_t>(timer)] != kNever;
  }
  [[nodiscard]] base::Instant deadline(Timer timer) const noexcept {
    return deadlines_[static_cast<std::size_t>(timer)];
  }
  [[nodiscard]] base::Instant earliest() const noexcept;
  /// Clears and returns a timer that is due; empty when there is none.
  std::optional<Timer> take_due(base::Instant now) noexcept;

 private:
  base::Instant& at(Timer timer) noexcept { return deadlines_[static_cast<std::size_t>(timer)]; }
  std::array<base::Instant, kTimerCount> deadlines_;
};

struct Peer;

/// A binary heap with one entry per peer that has a timer pending. An entry may be earlier than its
/// peer's deadlines, never later: the data path pushes deadlines back all the time, and that costs
/// nothing here; the peer is looked at again when its entry comes up.
class TimerQueue {
 public:
  /// Room for `peers` entries: afterwards schedule() allocates nothing.
  void reserve(std::size_t peers) { heap_.reserve(peers); }
  /// After a deadline of `peer` was set or cleared.
  void schedule(Peer& peer) noexcept;
  void remove(Peer& peer) noexcept;
  [[nodiscard]] std::optional<base::Instant> next() const noexcept;
  /// A peer whose entry is due, its entry brought up to date; empty when there is none.
  Peer* next_due(base::Instant now) noexcept;

 private:
  struct Entry {
    base::Instant at;
    Peer* peer;
  };
  void place(std::size_t position, const Entry& entry) noexcept;
  void sift_up(std::size_t position) noexcept;
  void sift_down(std::size_t position) noexcept;

  std::vector<Entry> heap_;
};

}  // namespace warren::protocol
