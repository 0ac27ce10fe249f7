// The WireGuard protocol without I/O: all peers of one interface, their handshakes, sessions and
// timers. Time, randomness and bytes come in as arguments; datagrams to send and events come out by
// polling. Pure: the engine, the simulator and the fuzzers run the same code.
//
//   fast lane   route, seal, open       per batch of packets, no allocation
//   slow lane   handle_timeout, poll_transmit, poll_event, poll_timeout
//   commands    configuration; slow lane as well
//
// One thread owns a Device. After any call of the slow lane, of a command, or after `open` or
// `seal`, drain poll_transmit and poll_event and read poll_timeout again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <warren/base/bytes.hpp>
#include <warren/base/drop.hpp>
#include <warren/base/ip.hpp>
#include <warren/base/time.hpp>
#include <warren/crypto/aead.hpp>
#include <warren/crypto/keys.hpp>
#include <warren/crypto/random.hpp>
#include <warren/protocol/event.hpp>
#include <warren/protocol/ids.hpp>
#include <warren/protocol/limits.hpp>
#include <warren/protocol/suite.hpp>

namespace warren::protocol {

struct DeviceOptions {
  Kind kind = Kind::tun;
  /// tap: frames from one peer are forwarded to other peers too. Off: split horizon.
  bool hub = false;
  /// Bytes of the interface MTU; transport data is never padded beyond it.
  std::uint32_t mtu = 1420;
  /// Of every session; by default the cipher's. Tests lower them.
  std::optional<MessageLimits> message_limits{};
};

/// Bytes in front of the plaintext in transport data: type, receiver index, counter.
inline constexpr std::size_t kDataHeaderBytes = 16;
/// The most that sealing adds behind a packet: padding (at most 16: tap stores its length there)
/// and tag.
inline constexpr std::size_t kSealTailBytes = 16 + crypto::kTagBytes;
/// Datagrams other than transport data are at most this long.
inline constexpr std::size_t kMaxHandshakeBytes = 148;

/// One packet to seal in place. The caller has written it at room[kDataHeaderBytes ...
/// kDataHeaderBytes + length), and room.size() >= Device::datagram_length(length).
struct SealItem {
  base::Bytes room;
  std::size_t length = 0;
  /// Out: bytes of the datagram, which starts at room[0].
  std::size_t datagram_length = 0;
};

/// One datagram to open in place.
struct OpenItem {
  base::Bytes datagram;
  /// In: the two ECN bits of the outer header (RFC 3168), 0 where unknown.
  std::uint8_t outer_ecn = 0;
  /// Out: the inner packet or frame inside `datagram`; empty for keepalives, handshakes and drops.
  base::Bytes packet{};
  /// Out: who sent it. Set whenever `packet` is not empty.
  PeerId peer{};
};

/// A datagram of the slow lane to send: handshake, cookie reply, keepalive, formerly staged packet.
struct Transmit {
  base::Path path;
  std::size_t length = 0;
  /// Empty for cookie replies.
  std::optional<PeerId> peer;
  /// ECN bits for the outer header.
  std::uint8_t ecn = 0;
};

/// Where an Ethernet frame goes.
struct FrameTargets {
  bool local = false;          ///< to our own TAP
  std::optional<PeerId> peer;  ///< to this peer
  bool flood = false;          ///< to every peer but `except`
  std::optional<PeerId> except;
};

struct PeerStatus {
  PeerId id;
  crypto::PublicKey public_key;
  bool has_preshared_key = false;
  std::optional<base::Path> path;
  /// Of the last completed handshake; empty if there was none.
  std::optional<base::WallTime> last_handshake;
  /// Datagram bytes, handshakes and keepalives included, as `wg show` counts them.
  std::uint64_t rx_bytes = 0;
  std::uint64_t tx_bytes = 0;
  base::Duration persistent_keepalive{0};
  /// How long the last handshake took from initiation to response; only where we were the
  /// initiator.
  std::optional<base::Duration> handshake_duration;
  std::size_t staged_packets = 0;
  bool session_established = false;
};

class Device {
 public:
  /// `aead` is used by seal and open and must outlive the device, as must what `random` borrows.
  /// Its cipher is the device's.
  Device(const DeviceOptions& options, crypto::Aead& aead, crypto::RandomSource random);
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  ~Device();

  // ---- commands
  // -----------------------------------------------------------------------------------

  /// A new private key ends all sessions; empty takes the key away. A peer that has the new public
  /// key as its own is removed, as in the kernel.
  void set_private_key(base::Now now, std::optional<crypto::SecretKey> key);
  [[nodiscard]] const crypto::SecretKey* private_key() const noexcept;
  [[nodiscard]] std::optional<crypto::PublicKey> public_key() const noexcept;
  void set_mtu(std::uint32_t bytes) noexcept;
  /// Up: peers with a persistent keepalive start. Down: sessions and timers are wiped; nothing is
  /// sent. A device starts down.
  void set_up(base::Now now, bool up);
  [[nodiscard]] bool is_up() const noexcept;

  /// Empty when there are kMaxPeers already or the key is our own; the existing peer if it is
  /// known.
  std::optional<PeerId> add_peer(base::Now now, const crypto::PublicKey& key);
  /// Ends its sessions, wipes its keys, removes its allowed IPs and MAC entries. Unknown: does
  /// nothing.
  void remove_peer(PeerId peer);
  [[nodiscard]] std::optional<PeerId> find_peer(const crypto::PublicKey& key) const noexcept;
  /// In the order in which they were added.
  [[nodiscard]] std::vector<PeerId> peers() const;
  [[nodiscard]] std::size_t peer_count() const noexcept;
  /// Takes effect at the next handshake. All zeros: none.
  void set_preshared_key(PeerId peer, crypto::PresharedKey key);
  [[nodiscard]] const crypto::PresharedKey* preshared_key(PeerId peer) const noexcept;
  /// Also forgets the source that was used to reach the old endpoint.
  void set_endpoint(PeerId peer, const base::Endpoint& endpoint);
  /// Zero turns it off. Turning it on while up sends one at once.
  void set_persistent_keepalive(base::Now now, PeerId peer, base::Duration interval);
  /// A network belongs to one peer; this moves it.
  void allow_ip(PeerId peer, const base::IpNetwork& network);
  /// Does nothing when the network belongs to another peer or to none.
  void disallow_ip(PeerId peer, const base::IpNetwork& network);
  void clear_allowed_ips(PeerId peer);
  [[nodiscard]] std::vector<base::IpNetwork> allowed_ips(PeerId peer) const;
  [[nodiscard]] PeerStatus status(PeerId peer) const;
  /// Sends what waits for this peer, as after a configuration change; no handshake if nothing
  /// waits.
  void flush_staged(base::Now now, PeerId peer);

  [[nodiscard]] Suite suite() const noexcept;
  [[nodiscard]] const base::DropCounters& drops() const noexcept;
  /// For the engine's own reasons.
  base::DropCounters& drops() noexcept;
  [[nodiscard]] std::uint64_t handshake_failures(HandshakeFailure failure) const noexcept;
  [[nodiscard]] std::uint64_t handshakes_completed() const noexcept;

  // ---- fast lane
  // ----------------------------------------------------------------------------------

  /// tun: the peer for a packet by its destination. Counts its own drop and returns it.
  std::expected<PeerId, base::Drop> route(base::ConstBytes packet) noexcept;

  /// tap: where a frame from our own TAP goes. `frame` starts at the Ethernet header.
  FrameTargets switch_local(base::Now now, base::ConstBytes frame) noexcept;
  /// tap: where a frame opened from `peer` goes; learns its source address.
  FrameTargets switch_remote(base::Now now, PeerId peer, base::ConstBytes frame) noexcept;

  /// Bytes of the datagram that a packet or frame of `length` bytes becomes; never more for a
  /// shorter one. `seal` leaves alone what is behind them.
  [[nodiscard]] std::size_t datagram_length(std::size_t length) const noexcept;

  /// Seals all of `items` in place for `peer` and returns the path they go to, or seals none:
  /// without a usable session the packets are staged (copied) and a handshake begins (returns
  /// empty, not a drop); other reasons are counted, once per item. Nothing in `items` is needed
  /// afterwards when empty is returned.
  std::optional<base::Path> seal(base::Now now, PeerId peer, std::span<SealItem> items) noexcept;

  /// Handles datagrams that arrived from one remote endpoint on one local source, in order:
  /// decrypts transport data in place, answers handshakes. Drops are counted; items that carry
  /// nothing to deliver end with an empty `packet`.
  void open(base::Now now, const base::Path& from, std::span<OpenItem> items) noexcept;

  /// The engine could not send to `peer` from its remembered source: forget the source. Returns the
  /// path to try instead, empty when the peer is gone or has no endpoint.
  std::optional<base::Path> forget_source(PeerId peer) noexcept;

  // ---- slow lane
  // ----------------------------------------------------------------------------------

  void handle_timeout(base::Now now);
  /// When handle_timeout wants to be called next; empty when nothing is due ever.
  [[nodiscard]] std::optional<base::Instant> poll_timeout() const noexcept;
  /// Writes the next datagram of the slow lane to `out` and says where it goes; empty when there is
  /// none. `out` has room for kDataHeaderBytes + mtu + kSealTailBytes and at least
  /// kMaxHandshakeBytes; tap devices need 14 more.
  std::optional<Transmit> poll_transmit(base::Now now, base::Bytes out);
  /// False when poll_transmit has nothing to write: no room need be found for it.
  [[nodiscard]] bool may_transmit() const noexcept;
  /// The next event, oldest first. At most a bounded number is kept, half as many of what anybody
  /// can provoke; more are counted but not told.
  std::optional<Event> poll_event() noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace warren::protocol
