// The checksum, the segmenter and the coalescer.
#include <random>
#include <vector>

#include <warren/packet/checksum.hpp>
#include <warren/packet/coalescer.hpp>
#include <warren/packet/segmenter.hpp>

#include "timing.hpp"
#include "unit/packet/packets.hpp"

using namespace warren;

namespace {

constexpr std::size_t kMtu = 1420;
constexpr std::size_t kMaxHeaders = 60;

void checksum(benchmark::State& state) {
  const std::vector<std::byte> bytes(static_cast<std::size_t>(state.range(0)), std::byte{0x5a});
  for (auto _ : state) {
    packet::Checksum sum(bytes);
    benchmark::DoNotOptimize(sum);
  }
  bench::count_packets(state, 1, bytes.size());
}
BENCHMARK(checksum)->Arg(64)->Arg(512)->Arg(1420)->Arg(8192);

void checksum_and_copy(benchmark::State& state) {
  const std::vector<std::byte> bytes(static_cast<std::size_t>(state.range(0)), std::byte{0x5a});
  std::vector<std::byte> copy(bytes.size());
  for (auto _ : state) {
    packet::Checksum sum;
    sum.copy_and_add(copy.data(), bytes);
    benchmark::DoNotOptimize(sum);
    benchmark::ClobberMemory();
  }
  bench::count_packets(state, 1, bytes.size());
}
BENCHMARK(checksum_and_copy)->Arg(64)->Arg(512)->Arg(1420)->Arg(8192);

/// One read of a TUN device: 64 KiB of TCP over IPv4, with timestamps as Linux sends them.
void segmenter(benchmark::State& state) {
  std::mt19937 random(1);
  test::PacketSpec spec;
  spec.timestamps = true;
  const auto payload = test::random_bytes(random, 65'535 - spec.headers());
  const auto super = test::make_super(spec, payload, kMtu - spec.headers());
  std::vector<std::byte> out(super.bytes.size() * 2);
  std::size_t segments = 0;
  for (auto _ : state) {
    const auto cutter =
        packet::Segmenter::create(super.header, test::view(super.bytes), test::Framing::ip);
    std::byte* to = out.data();
    segments = cutter->count();
    for (std::size_t i = 0; i < segments; ++i) {
      cutter->write(i, to);
      to += cutter->length(i);
    }
    benchmark::ClobberMemory();
  }
  bench::count_packets(state, segments, kMtu);
}
BENCHMARK(segmenter);

/// Segments of `flows` TCP streams that arrived in turn.
std::vector<test::PacketBytes> interleaved(std::size_t flows, std::size_t packets) {
  std::mt19937 random(1);
  std::vector<test::PacketBytes> result;
  for (std::size_t i = 0; i < packets; ++i) {
    test::PacketSpec spec;
    spec.timestamps = true;
    spec.source_port = static_cast<std::uint16_t>(40'000 + i % flows);
    const std::size_t payload = kMtu - spec.headers();
    spec.sequence = static_cast<std::uint32_t>(1 + i / flows * payload);
    spec.id = static_cast<std::uint16_t>(1 + i / flows);
    result.push_back(test::make_packet(spec, test::random_bytes(random, payload)));
  }
  return result;
}

/// Arguments: flows, packets of the batch.
void coalescer(benchmark::State& state) {
  const auto flows = static_cast<std::size_t>(state.range(0));
  const auto count = static_cast<std::size_t>(state.range(1));
  const auto arrived = interleaved(flows, count);
  auto packets = arrived;
  packet::Coalescer joiner({}, count);
  for (auto _ : state) {
    // The coalescer adjusts headers in place.
    for (std::size_t i = 0; i < count; ++i) {
      std::copy_n(arrived[i].begin(), kMaxHeaders, packets[i].begin());
    }
    bench::time_iteration(state, [&] {
      for (auto& bytes : packets) joiner.add(test::view(bytes));
      joiner.finish();
    });
    if (joiner.count() != flows) state.SkipWithError("the packets of a flow were not joined");
    joiner.clear();
  }
  bench::count_packets(state, count, kMtu);
}
BENCHMARK(coalescer)
    ->ArgNames({"flows", "packets"})
    ->Args({1, bench::kBatch})
    ->Args({4, 4 * bench::kBatch})
    ->Args({64, 256})
    ->UseManualTime();

}  // namespace
