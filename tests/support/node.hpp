// A Device for tests: seeded randomness, a virtual network card, and memory of what it delivered
// and said. Nothing here waits: time is an argument.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <span>
#include <vector>

#include <warren/crypto/aead.hpp>
#include <warren/crypto/keys.hpp>
#include <warren/crypto/random.hpp>
#include <warren/protocol/device.hpp>

namespace warren::test {

using Packet = std::vector<std::byte>;

/// Repeatable randomness.
class SeededRandom {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  [[nodiscard]] crypto::RandomSource source() noexcept { return {&SeededRandom::fill, this}; }
  [[nodiscard]] std::mt19937_64& engine() noexcept { return engine_; }

 private:
  static void fill(void* self, base::Bytes out) {
    auto& engine = static_cast<SeededRandom*>(self)->engine_;
    for (std::byte& byte : out) byte = static_cast<std::byte>(engine());
  }
  std::mt19937_64 engine_;
};

struct Datagram {
  base::Endpoint from;
  base::Endpoint to;
  Packet bytes;
  std::uint8_t ecn = 0;
};

struct Delivered {
  protocol::PeerId peer;
  Packet packet;
  friend bool operator==(const Delivered&, const Delivered&) = default;
};

/// One host: a device, the address it sends from, what it has to send, what it received.
class Node {
 public:
  Node(std::uint64_t seed, const base::Endpoint& address,
       const protocol::DeviceOptions& options = {},
       crypto::Cipher cipher = crypto::Cipher::chacha20_poly1305)
      : endpoint(address),
        random_(seed),
        aead_(crypto::AeadBackend::libsodium, cipher),
        device(options, aead_, random_.source()),
        mtu_(options.mtu) {}

  /// Gives the device a key from its own randomness and takes it up.
  crypto::PublicKey start(base::Now now) {
    device.set_private_key(now, crypto::generate_secret_key(random_.source()));
    device.set_up(now, true);
    return *device.public_key();
  }

  /// Seals `packets` for `peer` in one batch. True when they went out, false when they were staged
  /// or dropped.
  bool seal(base::Now now, protocol::PeerId peer, std::span<const Packet> packets,
            std::uint8_t ecn = 0) {
    std::vector<Packet> rooms;
    std::vector<protocol::SealItem> items;
    for (const Packet& packet : packets) {
      Packet& room =
          rooms.emplace_back(protocol::kDataHeaderBytes + packet.size() + protocol::kSealTailBytes);
      std::ranges::copy(packet, room.begin() + protocol::kDataHeaderBytes);
    }
    for (std::size_t i = 0; i < packets.size(); ++i) {
      items.push_back({.room = rooms[i], .length = packets[i].size()});
    }
    const auto path = device.seal(now, peer, items);
    if (path) {
      for (std::size_t i = 0; i < items.size(); ++i) {
        rooms[i].resize(items[i].datagram_length);
        outbox.push_back(
            {.from = endpoint, .to = path->remote, .bytes = std::move(rooms[i]), .ecn = ecn});
      }
    }
    drain(now);
    return path.has_value();
  }
  bool seal(base::Now now, protocol::PeerId peer, const Packet& packet, std::uint8_t ecn = 0) {
    return seal(now, peer, std::span(&packet, 1), ecn);
  }

  /// As the interface would: chooses the peer by the destination.
  bool send(base::Now now, const Packet& packet) {
    const auto peer = device.route(packet);
    return peer && seal(now, *peer, packet);
  }

  /// A batch that arrived from one endpoint.
  void receive(base::Now now, const base::Endpoint& from, std::span<Packet> datagrams,
               std::uint8_t ecn = 0) {
    std::vector<protocol::OpenItem> items;
    for (Packet& datagram : datagrams) items.push_back({.datagram = datagram, .outer_ecn = ecn});
    device.open(now, {.remote = from, .local = local_source}, items);
    for (const protocol::OpenItem& item : items) {
      if (item.packet.empty()) continue;
      delivered.push_back({item.peer, Packet(item.packet.begin(), item.packet.end())});
    }
    drain(now);
  }
  void receive(base::Now now, Datagram datagram) {
    receive(now, datagram.from, std::span(&datagram.bytes, 1), datagram.ecn);
  }

  /// What an owner does after every call.
  void drain(base::Now now) {
    Packet room(protocol::kDataHeaderBytes + mtu_ + 14 + protocol::kSealTailBytes +
                protocol::kMaxHandshakeBytes);
    while (const auto transmit = device.poll_transmit(now, room)) {
      const auto bytes = std::span(room).first(transmit->length);
      outbox.push_back({.from = endpoint,
                        .to = transmit->path.remote,
                        .bytes = Packet(bytes.begin(), bytes.end()),
                        .ecn = transmit->ecn});
    }
    while (const auto event = device.poll_event()) events.push_back(*event);
  }

  void handle_timeout(base::Now now) {
    device.handle_timeout(now);
    drain(now);
  }

  [[nodiscard]] std::size_t count(protocol::Event::Kind kind) const {
    std::size_t found = 0;
    for (const auto& event : events) found += event.kind == kind ? 1 : 0;
    return found;
  }
  [[nodiscard]] std::uint64_t drops(base::Drop drop) const { return device.drops().get(drop); }
  [[nodiscard]] SeededRandom& random() noexcept { return random_; }

  base::Endpoint endpoint;
  std::optional<base::LocalSource> local_source;
  std::deque<Datagram> outbox;
  std::vector<Delivered> delivered;
  std::vector<protocol::Event> events;

 private:
  SeededRandom random_;
  crypto::Aead aead_;

 public:
  protocol::Device device;

 private:
  std::size_t mtu_;
};

}  // namespace warren::test
