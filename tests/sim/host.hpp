// One host: a Device, and around it what the engine would do for it: send, receive, keep the timer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include <warren/base/ip.hpp>
#include <warren/crypto/aead.hpp>
#include <warren/crypto/keys.hpp>
#include <warren/protocol/device.hpp>

#include "sim/checker.hpp"
#include "sim/inner_packet.hpp"
#include "sim/network.hpp"
#include "sim/random.hpp"

namespace warren::sim {

class World;

/// Ways in which a host can be made to misbehave, to see that the checker notices.
enum class Sabotage : std::uint8_t {
  none,
  delivers_twice,
  corrupts,
  misattributes,   ///< takes every packet for one of another peer
  accepts_forged,  ///< its packets get past the other end's check of the inner source
  ignores_timers,
  spins,
};

class Host {
 public:
  Host(World& world, HostId id, const protocol::DeviceOptions& options);

  // ---- configuration
  void configure_peer(HostId other, std::optional<base::Endpoint> endpoint, Duration keepalive,
                      std::optional<std::uint64_t> preshared_seed);
  /// Makes the Device anew, as after a restart: same keys, nothing remembered.
  void start();
  void set_up(bool up);
  /// Neither receives nor acts; its clocks go on.
  void set_suspended(bool suspended);
  void jump_wall_clock(Duration by) { wall_offset_ += by; }
  /// A new private key; the others are to be told with replace_peer.
  void change_key();
  /// The key of `other` changed: its old one is removed, the new one added.
  void replace_peer(HostId other);
  /// The address from which it sends is another one from now on; the old one is gone.
  void change_local_address() { ++local_number_; }
  void sabotage(Sabotage kind) { sabotage_ = kind; }

  // ---- traffic
  /// Hands packets of one flow to the interface, as one read of the TUN or TAP device.
  void send(std::span<const InnerPacket> packets);
  /// Datagrams from one endpoint. Returns whether the host was there to receive.
  bool receive(std::vector<Datagram> datagrams);

  [[nodiscard]] HostId id() const { return id_; }
  [[nodiscard]] protocol::Device& device() { return *device_; }
  [[nodiscard]] crypto::PublicKey public_key() const;
  [[nodiscard]] protocol::PeerId peer_id(HostId other) const { return peers_.at(other).id; }
  [[nodiscard]] bool knows(HostId other) const { return peers_.contains(other); }
  [[nodiscard]] base::Now now() const;
  [[nodiscard]] std::uint64_t drops() const;
  /// "in_replayed 3, in_handshake 1": for people.
  [[nodiscard]] std::string drops_text() const;
  [[nodiscard]] std::uint64_t datagrams_sent() const { return datagrams_sent_; }
  [[nodiscard]] const protocol::DeviceOptions& options() const { return options_; }
  [[nodiscard]] base::MacAddress mac() const;
  /// An address of this host inside the tunnel, chosen by `random` among its networks.
  static base::IpAddress inner_address(HostId host, base::Family family, Random& random);

 private:
  struct PeerConfig {
    std::optional<base::Endpoint> endpoint;
    Duration keepalive{0};
    std::optional<std::uint64_t> preshared_seed;
    protocol::PeerId id;
  };

  void add_to_device(HostId other, PeerConfig& config);
  void seal_and_send(protocol::PeerId peer, std::span<const base::ConstBytes> packets);
  void forward(const protocol::FrameTargets& targets, base::ConstBytes frame,
               protocol::PeerId from);
  void deliver(protocol::PeerId from, base::ConstBytes packet);
  void transmit(const base::Path& path, std::optional<protocol::PeerId> peer,
                std::vector<Datagram> batch);
  /// Sends what the slow lane has, and sets the timer: after every call into the Device.
  void settle();
  void set_timer();
  void on_timer();
  void check_bounds();
  /// Its own address in the family of the remote one, as IP_PKTINFO tells it.
  [[nodiscard]] base::IpAddress local_address(const base::Endpoint& remote) const;

  World& world_;
  HostId id_;
  protocol::DeviceOptions options_;
  Random random_;
  crypto::SecretKey secret_;
  std::unordered_map<HostId, PeerConfig> peers_;
  std::unordered_map<protocol::PeerId, HostId> hosts_;  // also peers that were removed
  std::unique_ptr<protocol::Device> device_;
  std::uint32_t local_number_ = 1;
  Duration boot_offset_;
  Duration wall_offset_;
  bool suspended_ = false;
  Sabotage sabotage_ = Sabotage::none;
  std::optional<Instant> timer_;     // in the world's time
  std::uint64_t timer_version_ = 0;  // an event of an older version is void
  std::uint64_t datagrams_sent_ = 0;
  std::vector<std::byte> scratch_;
};

}  // namespace warren::sim
