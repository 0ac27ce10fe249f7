// Sealing and opening transport data, with every backend that this machine can run. Out of place,
// so that an iteration finds what the one before it found.
#include <string>
#include <vector>

#include <warren/crypto/aead.hpp>

#include "timing.hpp"

using namespace warren;

namespace {

constexpr std::size_t kJobs = 16;

struct Messages {
  explicit Messages(std::size_t bytes)
      : plain(kJobs, std::vector<std::byte>(bytes, std::byte{0x5a})),
        sealed(kJobs, std::vector<std::byte>(bytes + crypto::kTagBytes)) {}

  std::vector<crypto::AeadJob> seal_jobs(const crypto::SymmetricKey& key) {
    std::vector<crypto::AeadJob> jobs;
    for (std::size_t i = 0; i < kJobs; ++i) {
      jobs.push_back({.key = &key, .counter = i, .in = plain[i], .out = sealed[i].data()});
    }
    return jobs;
  }
  std::vector<crypto::AeadJob> open_jobs(const crypto::SymmetricKey& key) {
    std::vector<crypto::AeadJob> jobs;
    for (std::size_t i = 0; i < kJobs; ++i) {
      jobs.push_back({.key = &key, .counter = i, .in = sealed[i], .out = plain[i].data()});
    }
    return jobs;
  }

  std::vector<std::vector<std::byte>> plain;
  std::vector<std::vector<std::byte>> sealed;
};

void seal(benchmark::State& state, crypto::AeadBackend backend) {
  const auto bytes = static_cast<std::size_t>(state.range(0));
  crypto::Aead aead(backend);
  const crypto::SymmetricKey key;
  Messages messages(bytes);
  auto jobs = messages.seal_jobs(key);
  for (auto _ : state) {
    aead.seal(jobs);
    benchmark::ClobberMemory();
  }
  bench::count_packets(state, kJobs, bytes);
}

void open(benchmark::State& state, crypto::AeadBackend backend) {
  const auto bytes = static_cast<std::size_t>(state.range(0));
  crypto::Aead aead(backend);
  const crypto::SymmetricKey key;
  Messages messages(bytes);
  auto sealing = messages.seal_jobs(key);
  aead.seal(sealing);
  auto jobs = messages.open_jobs(key);
  for (auto _ : state) {
    aead.open(jobs);
    benchmark::ClobberMemory();
  }
  for (const auto& job : jobs) {
    if (!job.authentic) state.SkipWithError("a tag was refused");
  }
  bench::count_packets(state, kJobs, bytes);
}

const bool kRegistered = [] {
  for (const auto backend : crypto::available_backends()) {
    const std::string name(crypto::backend_name(backend));
    benchmark::RegisterBenchmark(("aead_seal/" + name).c_str(), seal, backend)
        ->Arg(64)
        ->Arg(512)
        ->Arg(1420)
        ->Arg(8192);
    benchmark::RegisterBenchmark(("aead_open/" + name).c_str(), open, backend)
        ->Arg(64)
        ->Arg(512)
        ->Arg(1420)
        ->Arg(8192);
  }
  return true;
}();

}  // namespace
