// What a packet costs in the protocol core, cipher included: protocol::Device::seal and open, in
// batches as the engine makes them, with the preferred backend.
#include <algorithm>
#include <chrono>
#include <vector>

#include <warren/crypto/random.hpp>
#include <warren/protocol/device.hpp>

#include "support/packets.hpp"
#include "timing.hpp"

using namespace warren;

namespace {

constexpr std::size_t kMaxDatagram = 2048;

struct End {
  End(const char* text, base::Now now) : endpoint(test::endpoint(text)) {
    device.set_private_key(now, crypto::generate_secret_key(crypto::system_random()));
    device.set_up(now, true);
  }
  protocol::PeerId know(const End& other, const char* network, base::Now now) {
    const auto peer = device.add_peer(now, *other.device.public_key()).value();
    device.set_endpoint(peer, other.endpoint);
    device.allow_ip(peer, test::network(network));
    return peer;
  }
  /// Hands what this end has to send, beside bulk data, to the other.
  bool pass_on(End& other, base::Now now) {
    std::vector<std::byte> room(kMaxDatagram);
    bool passed = false;
    while (const auto transmit = device.poll_transmit(now, room)) {
      protocol::OpenItem item{.datagram = base::Bytes(room).first(transmit->length)};
      other.device.open(now, {.remote = endpoint, .local = {}}, {&item, 1});
      passed = true;
    }
    return passed;
  }

  base::Endpoint endpoint;
  crypto::Aead aead{crypto::available_backends().front()};
  protocol::Device device{{}, aead, crypto::system_random()};
};

/// Two ends with a session, at a time that stands still.
struct Pair {
  Pair() {
    b.know(a, "10.0.0.1/32", now);
    auto room = std::vector<std::byte>(kMaxDatagram);
    protocol::SealItem first{.room = room, .length = packet(100).size()};
    std::ranges::copy(packet(100), room.begin() + protocol::kDataHeaderBytes);
    a.device.seal(now, to_b, {&first, 1});  // asks for a handshake
    while (a.pass_on(b, now) || b.pass_on(a, now)) {
    }
  }
  [[nodiscard]] static std::vector<std::byte> packet(std::size_t bytes) {
    return test::ip_packet(test::ip("10.0.0.1"), test::ip("10.0.0.2"), bytes);
  }

  base::Now now{.boot = base::Instant(std::chrono::hours(1)),
                .wall = base::WallTime(std::chrono::hours(24 * 365 * 50))};
  End a{"192.0.2.1:1000", now};
  End b{"192.0.2.2:2000", now};
  protocol::PeerId to_b = a.know(b, "10.0.0.2/32", now);
};

/// Packets of one size from a to b, each in its own room for a datagram.
class Batch {
 public:
  explicit Batch(std::size_t bytes) : packet_(Pair::packet(bytes)) {
    for (std::size_t i = 0; i < bench::kBatch; ++i) {
      rooms_.emplace_back(protocol::kDataHeaderBytes + bytes + protocol::kSealTailBytes);
    }
    for (auto& room : rooms_) seals_.push_back({.room = room, .length = bytes});
    fill();
  }
  void fill() {
    for (auto& room : rooms_) {
      std::ranges::copy(packet_, room.begin() + protocol::kDataHeaderBytes);
    }
  }
  std::span<protocol::SealItem> seals() { return seals_; }
  /// The datagrams that sealing made.
  std::span<protocol::OpenItem> opens() {
    opens_.clear();
    for (const auto& item : seals_) {
      opens_.push_back({.datagram = item.room.first(item.datagram_length)});
    }
    return opens_;
  }

 private:
  std::vector<std::byte> packet_;
  std::vector<std::vector<std::byte>> rooms_;
  std::vector<protocol::SealItem> seals_;
  std::vector<protocol::OpenItem> opens_;
};

void device_seal(benchmark::State& state) {
  const auto bytes = static_cast<std::size_t>(state.range(0));
  Pair pair;
  Batch batch(bytes);
  for (auto _ : state) {
    if (!pair.a.device.seal(pair.now, pair.to_b, batch.seals())) {
      state.SkipWithError("nothing was sealed");
      break;
    }
  }
  bench::count_packets(state, bench::kBatch, bytes);
}
BENCHMARK(device_seal)->Arg(64)->Arg(1420);

/// A datagram opens once, so that each iteration seals new ones, outside of the time.
void device_open(benchmark::State& state) {
  const auto bytes = static_cast<std::size_t>(state.range(0));
  Pair pair;
  Batch batch(bytes);
  const base::Path from{.remote = pair.a.endpoint, .local = {}};
  for (auto _ : state) {
    batch.fill();
    pair.a.device.seal(pair.now, pair.to_b, batch.seals());
    const auto items = batch.opens();
    bench::time_iteration(state, [&] { pair.b.device.open(pair.now, from, items); });
    if (items.back().packet.size() != bytes) {
      state.SkipWithError("a datagram was not opened");
      break;
    }
  }
  bench::count_packets(state, bench::kBatch, bytes);
}
BENCHMARK(device_open)->Arg(64)->Arg(1420)->UseManualTime();

}  // namespace
