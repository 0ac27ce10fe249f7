#include <algorithm>
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <thread>
#include <vector>

#include <warren/crypto/aead.hpp>
#include <warren/protocol/session.hpp>

namespace warren::protocol {
namespace {

constexpr base::Instant kStart{1h};

SessionKeys keys() {
  std::array<std::byte, 32> one;
  one.fill(std::byte{1});
  return {.send = crypto::SymmetricKey(one), .receive = crypto::SymmetricKey(one)};
}
Session session(bool initiator, std::uint64_t first_counter = 0, MessageLimits limits = {}) {
  return {crypto::Aead(crypto::AeadBackend::libsodium),
          keys(),
          {.local_index = SessionIndex(1),
           .remote_index = SessionIndex(2),
           .initiator = initiator,
           .created = kStart,
           .first_counter = first_counter,
           .limits = limits}};
}

TEST_CASE("counters are consecutive") {
  Session one = session(true);
  CHECK(one.take_counters(3) == 0);
  CHECK(one.take_counters(1) == 3);
  CHECK(one.take_counters(64) == 4);
  CHECK(one.take_counters(1) == 68);
}

TEST_CASE("the sending counter stops at its limit and never wraps") {
  Session one = session(true, kRejectAfterMessages - 3);
  CHECK(one.take_counters(4) == std::nullopt);
  CHECK(one.take_counters(3) == kRejectAfterMessages - 3);
  for (int i = 0; i < 1000; ++i) REQUIRE(one.take_counters(64) == std::nullopt);
  CHECK(one.take_counters(1) == std::nullopt);
  CHECK(kRejectAfterMessages == UINT64_MAX - 8192);
}

TEST_CASE("both sides want a new handshake after 2^60 messages") {
  for (const bool initiator : {false, true}) {
    Session before = session(initiator, std::uint64_t{1} << 60);
    CHECK_FALSE(before.wants_rekey_on_send(kStart));
    static_cast<void>(before.take_counters(1));
    CHECK(before.wants_rekey_on_send(kStart));
  }
}

TEST_CASE(
    "with AES-256-GCM both sides want a new handshake after 2^27 messages, and 2^28 is the end") {
  constexpr MessageLimits kLimits = message_limits(crypto::Cipher::aes_256_gcm);
  for (const bool initiator : {false, true}) {
    Session before = session(initiator, std::uint64_t{1} << 27, kLimits);
    CHECK_FALSE(before.wants_rekey_on_send(kStart));
    static_cast<void>(before.take_counters(1));
    CHECK(before.wants_rekey_on_send(kStart));
    Session at_end = session(initiator, (std::uint64_t{1} << 28) - 3, kLimits);
    CHECK(at_end.take_counters(4) == std::nullopt);
    CHECK(at_end.take_counters(3) == (std::uint64_t{1} << 28) - 3);
    CHECK(at_end.take_counters(1) == std::nullopt);
    // Nor does the other end get away with more.
    CHECK(at_end.accept_counter((std::uint64_t{1} << 28) - 1));
    CHECK_FALSE(at_end.accept_counter(std::uint64_t{1} << 28));
  }
}

TEST_CASE("only the initiator wants a new handshake because of age") {
  const Session initiator = session(true);
  const Session responder = session(false);
  CHECK_FALSE(initiator.wants_rekey_on_send(kStart + 120s - 1ns));
  CHECK(initiator.wants_rekey_on_send(kStart + 120s));
  CHECK_FALSE(initiator.wants_rekey_on_receive(kStart + 165s - 1ns));
  CHECK(initiator.wants_rekey_on_receive(kStart + 165s));
  CHECK_FALSE(responder.wants_rekey_on_send(kStart + 179s));
  CHECK_FALSE(responder.wants_rekey_on_receive(kStart + 179s));
}

TEST_CASE("a session expires after 180 s") {
  const Session one = session(true);
  CHECK_FALSE(one.expired(kStart + 180s - 1ns));
  CHECK(one.expired(kStart + 180s));
}

TEST_CASE("a counter at or above the limit is not accepted") {
  Session one = session(true);
  CHECK(one.accept_counter(kRejectAfterMessages - 1));
  CHECK_FALSE(one.accept_counter(kRejectAfterMessages));
  CHECK_FALSE(one.accept_counter(UINT64_MAX));
}

TEST_CASE(
    "several threads seal and open on one session without using or accepting a counter twice") {
  constexpr std::size_t kBatch = 8;
  constexpr std::size_t kBatches = 400;
  constexpr std::size_t kTotal = 2 * kBatch * kBatches;
  using Sealed = std::array<std::byte, 16 + crypto::kTagBytes>;
  Session one = session(true);
  std::vector<Sealed> wire(kTotal);
  std::vector<std::atomic<bool>> ready(kTotal);
  std::vector<std::atomic<int>> accepted(kTotal);
  std::atomic<int> failures = 0;

  const auto sealer = [&] {
    crypto::Aead aead(crypto::AeadBackend::libsodium);
    for (std::size_t batch = 0; batch < kBatches; ++batch) {
      std::array<Sealed, kBatch> out{};
      std::array<crypto::AeadJob, kBatch> jobs;
      const std::uint64_t first = one.take_counters(kBatch).value();
      for (std::size_t i = 0; i < kBatch; ++i) {
        jobs[i] = {.key = &one.send_key(),
                   .counter = first + i,
                   .in = std::span(out[i]).first(16),
                   .out = out[i].data()};
      }
      aead.seal(jobs);
      for (std::size_t i = 0; i < kBatch; ++i) {
        wire[first + i] = out[i];
        if (ready[first + i].exchange(true, std::memory_order_release)) ++failures;
      }
    }
  };
  const auto opener = [&] {
    crypto::Aead aead(crypto::AeadBackend::libsodium);
    for (std::size_t counter = 0; counter < kTotal; ++counter) {
      while (!ready[counter].load(std::memory_order_acquire)) std::this_thread::yield();
      Sealed copy = wire[counter];
      crypto::AeadJob job{
          .key = &one.receive_key(), .counter = counter, .in = copy, .out = copy.data()};
      aead.open(std::span(&job, 1));
      if (!job.authentic) ++failures;
      if (one.accept_counter(counter)) ++accepted[counter];
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) threads.emplace_back(sealer);
  for (int i = 0; i < 2; ++i) threads.emplace_back(opener);
  for (std::thread& thread : threads) thread.join();
  CHECK(failures == 0);
  // Both openers see every packet; the replay window lets exactly one of them have it.
  CHECK(std::ranges::all_of(accepted, [](const auto& count) { return count == 1; }));
}

}  // namespace
}  // namespace warren::protocol
