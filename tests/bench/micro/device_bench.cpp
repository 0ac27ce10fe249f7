// What a packet costs in the protocol core, cipher included: protocol::Device::seal and open, in
// batches as the engine makes them, with the preferred backend.
#include <vector>

#include <warren/protocol/device.hpp>

#include "support/pair.hpp"
#include "timing.hpp"

using namespace warren;

namespace {

/// Packets of one size from a to b, each in its own room for a datagram.
class Batch {
 public:
  Batch(const test::Pair& pair, std::size_t bytes) : packet_(pair.packet_to_b(bytes)) {
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
  test::Packet packet_;
  std::vector<test::Packet> rooms_;
  std::vector<protocol::SealItem> seals_;
  std::vector<protocol::OpenItem> opens_;
};

void device_seal(benchmark::State& state) {
  const auto bytes = static_cast<std::size_t>(state.range(0));
  test::Pair pair({}, 1, crypto::available_backends().front());
  pair.establish();
  Batch batch(pair, bytes);
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
  test::Pair pair({}, 1, crypto::available_backends().front());
  pair.establish();
  Batch batch(pair, bytes);
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
