// Finding the peer of an address among many networks.
#include <array>
#include <random>
#include <vector>

#include <warren/protocol/allowed_ips.hpp>

#include "timing.hpp"

using namespace warren;

namespace {

constexpr std::size_t kLookups = 4096;

base::IpAddress random_address(base::Family family, std::mt19937_64& random) {
  std::array<std::byte, 16> bytes{};
  for (auto& byte : bytes) byte = static_cast<std::byte>(random());
  if (family == base::Family::v6) bytes[0] = std::byte{0xfd};
  return base::IpAddress::from_bytes(family, bytes.data());
}

/// Networks of all lengths that routes have; every other address is inside of one of them.
void allowed_ips_lookup(benchmark::State& state, base::Family family) {
  std::mt19937_64 random(1);
  const auto count = static_cast<std::size_t>(state.range(0));
  const unsigned shortest = family == base::Family::v4 ? 16 : 32;
  protocol::AllowedIps table;
  std::vector<base::IpAddress> inside;
  while (table.size() < count) {
    const auto address = random_address(family, random);
    const unsigned longest = address.bits() / (family == base::Family::v4 ? 1 : 2);
    const auto prefix = shortest + static_cast<unsigned>(random() % (longest - shortest + 1));
    table.insert({address, prefix}, protocol::PeerId(static_cast<std::uint32_t>(random() % 1000)));
    inside.push_back(address);
  }
  std::vector<base::IpAddress> addresses;
  for (std::size_t i = 0; i < kLookups; ++i) {
    addresses.push_back(i % 2 == 0 ? inside[random() % inside.size()]
                                   : random_address(family, random));
  }
  std::size_t next = 0;
  for (auto _ : state) {
    auto peer = table.lookup(addresses[next++ % kLookups]);
    benchmark::DoNotOptimize(peer);
  }
}
BENCHMARK_CAPTURE(allowed_ips_lookup, v4, base::Family::v4)->Arg(10)->Arg(1'000)->Arg(100'000);
BENCHMARK_CAPTURE(allowed_ips_lookup, v6, base::Family::v6)->Arg(10)->Arg(1'000)->Arg(100'000);

}  // namespace
