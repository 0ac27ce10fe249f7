// Theory of operation
//
// A backend is a class that fits the concept AeadEngine: it seals or opens one message. An Aead
// holds one of them in a variant and picks it once per batch; the loop over the batch is compiled
// for each backend, so that a packet costs no indirect call.
//
// Handshake messages and cookies go through libsodium always: they are few, and they have
// associated data. XChaCha20-Poly1305 exists only there.

#include <sodium.h>

#include <variant>

#include <warren/base/assert.hpp>
#include <warren/crypto/aead.hpp>

#include "aead_engine.hpp"
#include "sodium.hpp"
#include "sodium_engine.hpp"
#ifdef WARREN_HAVE_IPSEC_MB
#include "ipsec_mb_engine.hpp"
#endif

namespace warren::crypto {
namespace {

static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == kKeyBytes);
static_assert(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES == kXNonceBytes);
static_assert(crypto_aead_xchacha20poly1305_ietf_ABYTES == kTagBytes);

#ifdef WARREN_HAVE_IPSEC_MB
using Engine = std::variant<SodiumEngine, IpsecMbEngine>;

Engine make_engine(AeadBackend backend) {
  if (backend == AeadBackend::ipsec_mb) {
    WARREN_ASSERT(IpsecMbEngine::usable(), "intel-ipsec-mb is not usable here");
    return IpsecMbEngine();
  }
  return SodiumEngine();
}
#else
using Engine = std::variant<SodiumEngine>;

Engine make_engine(AeadBackend backend) {
  WARREN_ASSERT(backend == AeadBackend::libsodium, "built without {}", backend_name(backend));
  return SodiumEngine();
}
#endif

void seal_batch(AeadEngine auto& engine, std::span<AeadJob> jobs) noexcept {
  for (const AeadJob& job : jobs) {
    const Nonce nonce = nonce_of(job.counter);
    engine.seal({*job.key, nonce, {}, job.in, job.out});
  }
}

void open_batch(AeadEngine auto& engine, std::span<AeadJob> jobs) noexcept {
  for (AeadJob& job : jobs) {
    const Nonce nonce = nonce_of(job.counter);
    job.authentic =
        job.in.size() >= kTagBytes && engine.open({*job.key, nonce, {}, job.in, job.out});
  }
}

void assert_sealed_size(base::ConstBytes in, base::Bytes out) noexcept {
  WARREN_ASSERT(out.size() == in.size() + kTagBytes, "in={} out={}", in.size(), out.size());
}

/// Whether there is a tag at all; `out` is then of the plaintext's size, and else zeroed.
bool has_tag(base::ConstBytes in, base::Bytes out) noexcept {
  if (in.size() < kTagBytes) {
    wipe(out);
    return false;
  }
  WARREN_ASSERT(in.size() == out.size() + kTagBytes, "in={} out={}", in.size(), out.size());
  return true;
}

}  // namespace

std::string_view backend_name(AeadBackend backend) noexcept {
  return backend == AeadBackend::ipsec_mb ? "intel-ipsec-mb" : "libsodium";
}

std::vector<AeadBackend> available_backends() {
  std::vector<AeadBackend> backends;
#ifdef WARREN_HAVE_IPSEC_MB
  if (IpsecMbEngine::usable()) backends.push_back(AeadBackend::ipsec_mb);
#endif
  backends.push_back(AeadBackend::libsodium);
  return backends;
}

struct Aead::State {
  Engine engine;
};

Aead::Aead(AeadBackend backend) : state_(new State{make_engine(backend)}) {}
Aead::Aead(Aead&&) noexcept = default;
Aead& Aead::operator=(Aead&&) noexcept = default;
Aead::~Aead() = default;

AeadBackend Aead::backend() const noexcept {
  return std::visit([](const auto& engine) { return engine.kBackend; }, state_->engine);
}

void Aead::seal(std::span<AeadJob> jobs) noexcept {
  std::visit([&](auto& engine) { seal_batch(engine, jobs); }, state_->engine);
}

void Aead::open(std::span<AeadJob> jobs) noexcept {
  std::visit([&](auto& engine) { open_batch(engine, jobs); }, state_->engine);
}

struct MessageAead::State {
  Engine engine;
};

MessageAead::MessageAead(AeadBackend backend) : state_(new State{make_engine(backend)}) {}
MessageAead::~MessageAead() = default;

void MessageAead::seal(const AeadMessage& message) noexcept {
  std::visit([&](auto& engine) { engine.seal(message); }, state_->engine);
}

bool MessageAead::open(const AeadMessage& message) noexcept {
  return std::visit([&](auto& engine) { return engine.open(message); }, state_->engine);
}

void aead_seal(const SymmetricKey& key, std::uint64_t counter, base::ConstBytes associated,
               base::ConstBytes in, base::Bytes out) noexcept {
  assert_sealed_size(in, out);
  SodiumEngine().seal({key, nonce_of(counter), associated, in, out.data()});
}

bool aead_open(const SymmetricKey& key, std::uint64_t counter, base::ConstBytes associated,
               base::ConstBytes in, base::Bytes out) noexcept {
  if (!has_tag(in, out)) return false;
  return SodiumEngine().open({key, nonce_of(counter), associated, in, out.data()});
}

void xaead_seal(const SymmetricKey& key, std::span<const std::byte, kXNonceBytes> nonce,
                base::ConstBytes associated, base::ConstBytes in, base::Bytes out) noexcept {
  ensure_sodium();
  assert_sealed_size(in, out);
  crypto_aead_xchacha20poly1305_ietf_encrypt(raw(out.data()), nullptr, raw(in.data()), in.size(),
                                             raw(associated.data()), associated.size(), nullptr,
                                             raw(nonce.data()), raw(key.bytes().data()));
}

bool xaead_open(const SymmetricKey& key, std::span<const std::byte, kXNonceBytes> nonce,
                base::ConstBytes associated, base::ConstBytes in, base::Bytes out) noexcept {
  ensure_sodium();
  if (!has_tag(in, out)) return false;
  return crypto_aead_xchacha20poly1305_ietf_decrypt(
             raw(out.data()), nullptr, nullptr, raw(in.data()), in.size(), raw(associated.data()),
             associated.size(), raw(nonce.data()), raw(key.bytes().data())) == 0;
}

}  // namespace warren::crypto
