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

  std::vector<crypto::AeadJob> seal_jobs(const crypto::AeadKey& key) {
    std::vector<crypto::AeadJob> jobs;
    for (std::size_t i = 0; i < kJobs; ++i) {
      jobs.push_back({.key = &key, .counter = i, .in = plain[i], .out = sealed[i].data()});
    }
    return jobs;
  }
  std::vector<crypto::AeadJob> open_jobs(const crypto::AeadKey& key) {
    std::vector<crypto::AeadJob> jobs;
    for (std::size_t i = 0; i < kJobs; ++i) {
      jobs.push_back({.key = &key, .counter = i, .in = sealed[i], .out = plain[i].data()});
    }
    return jobs;
  }

  std::vector<std::vector<std::byte>> plain;
  std::vector<std::vector<std::byte>> sealed;
};

void seal(benchmark::State& state, crypto::AeadBackend backend, crypto::Cipher cipher) {
  const auto bytes = static_cast<std::size_t>(state.range(0));
  crypto::Aead aead(backend, cipher);
  const crypto::AeadKey key = aead.prepare(crypto::SymmetricKey{});
  Messages messages(bytes);
  auto jobs = messages.seal_jobs(key);
  for (auto _ : state) {
    aead.seal(jobs);
    benchmark::ClobberMemory();
  }
  bench::count_packets(state, kJobs, bytes);
}

void open(benchmark::State& state, crypto::AeadBackend backend, crypto::Cipher cipher) {
  const auto bytes = static_cast<std::size_t>(state.range(0));
  crypto::Aead aead(backend, cipher);
  const crypto::AeadKey key = aead.prepare(crypto::SymmetricKey{});
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

void add(const std::string& name,
         void (*function)(benchmark::State&, crypto::AeadBackend, crypto::Cipher),
         crypto::AeadBackend backend, crypto::Cipher cipher) {
  benchmark::RegisterBenchmark(name.c_str(), function, backend, cipher)
      ->Arg(64)
      ->Arg(512)
      ->Arg(1420)
      ->Arg(8192);
}

const bool kRegistered = [] {
  for (const auto cipher : {crypto::Cipher::chacha20_poly1305, crypto::Cipher::aes_256_gcm}) {
    for (const auto backend : crypto::available_backends(cipher)) {
      const auto name = std::string(crypto::cipher_name(cipher)) + '/' +
                        std::string(crypto::backend_name(backend));
      add("aead_seal/" + name, seal, backend, cipher);
      add("aead_open/" + name, open, backend, cipher);
    }
  }
  return true;
}();

}  // namespace
