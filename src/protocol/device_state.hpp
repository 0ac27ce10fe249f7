// What is behind a Device. Its functions are in the files that each tell one part of the story:
// device_commands, device_send, device_receive, device_handshake, device_timers, device_switch.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include <warren/packet/virtio.hpp>
#include <warren/protocol/allowed_ips.hpp>
#include <warren/protocol/cookie.hpp>
#include <warren/protocol/device.hpp>
#include <warren/protocol/handshake.hpp>
#include <warren/protocol/index_table.hpp>
#include <warren/protocol/mac_table.hpp>
#include <warren/protocol/messages.hpp>
#include <warren/protocol/peer.hpp>
#include <warren/protocol/rate_limiter.hpp>
#include <warren/protocol/staging.hpp>
#include <warren/protocol/timers.hpp>

#include "bounded_queue.hpp"

namespace warren::protocol {

/// Jobs that go to the AEAD at once: enough to fill the widest backend's lanes several times over,
/// little enough that a burst and its packets stay in the cache.
inline constexpr std::size_t kAeadBurst = 64;
inline constexpr std::size_t kMaxEvents = 256;
/// Of these, how many at most that anybody can provoke with a datagram: a flood must not silence
/// what the device has to tell of itself and of its peers.
inline constexpr std::size_t kMaxRefusalEvents = kMaxEvents / 2;
/// Responses and cookie replies that wait for poll_transmit. One batch of received datagrams holds
/// at most about 440 initiations.
inline constexpr std::size_t kMaxReplies = 512;

/// Peers that poll_transmit owes something, in the order in which they came. Intrusive: putting a
/// peer on the list allocates nothing.
class PeerList {
 public:
  [[nodiscard]] Peer* front() const noexcept { return first_; }
  /// Does nothing when the peer is on the list already.
  void push(Peer& peer) noexcept;
  void remove(Peer& peer) noexcept;

 private:
  Peer* first_ = nullptr;
  Peer* last_ = nullptr;
};

struct Device::State {
  /// A response or a cookie reply.
  struct Reply {
    Transmit transmit;
    std::array<std::byte, sizeof(ResponseMessage)> bytes{};
  };

  State(const DeviceOptions& device_options, crypto::Aead& device_aead,
        crypto::RandomSource device_random);

  // ---- device_commands.cpp
  [[nodiscard]] Peer* find(PeerId id) const noexcept;
  void precompute(Peer& peer) const noexcept;
  /// Sessions, handshake, timers, cookie; staged packets stay.
  void wipe_secrets(Peer& peer) noexcept;
  void retire(Keypairs::Retired retired) noexcept;
  void drop_initiation(Peer& peer) noexcept;
  void discard_peer(Peer& peer) noexcept;
  void drop_staged(Peer& peer, base::Drop reason) noexcept;

  // ---- device_send.cpp
  [[nodiscard]] std::size_t padded_length(std::size_t length) const noexcept;
  std::size_t prepare(const Session& session, std::uint64_t counter, std::byte* room,
                      std::size_t length, crypto::AeadJob& job) const noexcept;
  void stage(base::Now now, Peer& peer, std::span<const SealItem> items) noexcept;
  [[nodiscard]] std::optional<Transmit> transmit_for(base::Now now, Peer& peer, base::Bytes out);
  [[nodiscard]] std::optional<Transmit> transmit_data(base::Now now, Peer& peer, Session& session,
                                                      std::size_t length, base::Bytes out);
  void want_keepalive(Peer& peer) noexcept;
  void rekey_if_due_on_send(base::Now now, Peer& peer) noexcept;

  // ---- device_receive.cpp
  struct Burst;
  void gather(base::Now now, OpenItem& item, Burst& burst) noexcept;
  void finish(base::Now now, const base::Path& from, Burst& burst) noexcept;
  void receive_data(base::Now now, const base::Path& from, Peer& peer, const Session& session,
                    OpenItem& item, base::Bytes plaintext) noexcept;
  [[nodiscard]] std::optional<base::Drop> deliver(const Peer& peer, OpenItem& item,
                                                  base::Bytes plaintext) const noexcept;
  void follow(Peer& peer, const base::Path& from) noexcept;

  // ---- device_handshake.cpp
  void request_handshake(base::Now now, Peer& peer, bool is_retry) noexcept;
  [[nodiscard]] std::optional<Transmit> transmit_initiation(base::Now now, Peer& peer,
                                                            base::Bytes out);
  void receive_handshake(base::Now now, const base::Path& from, MessageType type,
                         base::ConstBytes datagram) noexcept;
  [[nodiscard]] bool is_under_load(base::Now now) const noexcept {
    return under_load_until && now.boot < *under_load_until;
  }
  [[nodiscard]] bool admit(base::Now now, const base::Path& from, base::ConstBytes datagram,
                           SessionIndex sender) noexcept;
  void receive_initiation(base::Now now, const base::Path& from,
                          base::ConstBytes datagram) noexcept;
  void receive_response(base::Now now, const base::Path& from, base::ConstBytes datagram) noexcept;
  void receive_cookie(base::Now now, const base::Path& from, base::ConstBytes datagram) noexcept;
  void refuse_unopened(base::Now now, const base::Path& from, HandshakeFailure failure,
                       const InitiationMessage& message) noexcept;
  void begin_session(base::Now now, Peer& peer, const SessionKeys& session_keys, SessionIndex local,
                     SessionIndex remote, bool initiator);
  void handshake_complete(base::Now now, Peer& peer) noexcept;
  /// Counts a refused message as a drop, too.
  void refuse(HandshakeFailure failure, const base::Path& from,
              std::optional<PeerId> peer) noexcept;
  /// Counts what a datagram made fail, and tells of it as long as few events wait.
  void fail_received(HandshakeFailure failure, const base::Endpoint& remote,
                     std::optional<PeerId> peer) noexcept;
  /// Counts what failed on our own side, and tells of it.
  void fail(HandshakeFailure failure, const base::Endpoint& remote,
            std::optional<PeerId> peer) noexcept;
  void reply(const base::Path& to, std::optional<PeerId> peer, base::ConstBytes message) noexcept;

  // ---- device_timers.cpp
  void arm(Peer& peer, Timer timer, base::Instant at) noexcept;
  void disarm(Peer& peer, Timer timer) noexcept;
  [[nodiscard]] base::Duration jitter() noexcept;
  void data_sent(base::Now now, Peer& peer) noexcept;
  void data_received(base::Now now, Peer& peer) noexcept;
  void authentic_sent(base::Now now, Peer& peer) noexcept;
  void authentic_received(base::Now now, Peer& peer) noexcept;
  void expire(base::Now now, Peer& peer, Timer timer) noexcept;
  void expire_retransmit(base::Now now, Peer& peer) noexcept;

  [[nodiscard]] Suite suite() const noexcept {
    return {.kind = options.kind, .cipher = aead.cipher()};
  }
  [[nodiscard]] packet::Framing framing() const noexcept {
    return options.kind == Kind::tun ? packet::Framing::ip : packet::Framing::ethernet;
  }

  DeviceOptions options;
  crypto::Aead& aead;
  crypto::RandomSource random;
  std::uint64_t jitter_state;

  std::optional<Identity> identity;
  bool up = false;

  // The arena comes before the peers, whose staged packets lie in it.
  StagingArena arena;
  std::unordered_map<PeerId, std::unique_ptr<Peer>> peers;
  std::unordered_map<crypto::PublicKey, Peer*> peers_by_key;
  std::uint32_t next_peer_id = 1;  // 0 is our own TAP in the MAC table

  AllowedIps allowed_ips;
  std::optional<MacTable> macs;
  IndexTable indices;
  /// Changes whenever a session dies.
  std::uint64_t sessions_retired = 0;
  TimerQueue timers;
  PeerList owed;
  BoundedQueue<Reply> replies{kMaxReplies};
  BoundedQueue<Event> events{kMaxEvents};

  CookieChecker cookies;
  RateLimiter limiter;
  base::Instant load_window_began;
  unsigned load_window_count = 0;
  std::optional<base::Instant> under_load_until;

  base::DropCounters drops;
  std::array<std::uint64_t, kHandshakeFailureCount> failures{};
  std::uint64_t handshakes_completed = 0;
};

}  // namespace warren::protocol
