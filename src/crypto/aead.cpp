// Theory of operation
//
// A backend is a class that fits the concept AeadEngine: it seals or opens one message of one
// cipher. An Aead holds one of them in a variant and picks it once per batch; the loop over the
// batch is compiled for each backend, so that a packet costs no indirect call. The engine that
// prepares a key decides what an AeadKey holds; a key is good for engines of the same class only,
// which is checked for every message, as the bytes of another would be taken for a key of this one.
//
// Handshake messages and cookies go through libsodium always: they are few, and they have
// associated data. XChaCha20-Poly1305 exists only there.

#include <sodium.h>

#include <array>
#include <new>
#include <variant>

#include <warren/base/assert.hpp>
#include <warren/crypto/aead.hpp>

#include "aead_engine.hpp"
#include "sodium.hpp"
#include "sodium_engine.hpp"
#ifdef WARREN_HAVE_IPSEC_MB
#include "ipsec_mb_engine.hpp"
#include "ipsec_mb_gcm_engine.hpp"
#endif

namespace warren::crypto {
namespace {

static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == kKeyBytes);
static_assert(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES == kXNonceBytes);
static_assert(crypto_aead_xchacha20poly1305_ietf_ABYTES == kTagBytes);

constexpr std::array<std::string_view, 2> kCipherNames{"chacha20-poly1305", "aes-256-gcm"};

#ifdef WARREN_HAVE_IPSEC_MB
using Engine = std::variant<SodiumEngine, SodiumGcmEngine, IpsecMbEngine, IpsecMbGcmEngine>;
#else
using Engine = std::variant<SodiumEngine, SodiumGcmEngine>;
#endif

Engine make_engine(AeadBackend backend, Cipher cipher) {
  const bool is_gcm = cipher == Cipher::aes_256_gcm;
#ifdef WARREN_HAVE_IPSEC_MB
  if (backend == AeadBackend::ipsec_mb) {
    WARREN_ASSERT(is_gcm ? IpsecMbGcmEngine::usable() : IpsecMbEngine::usable(),
                  "intel-ipsec-mb is not usable here for {}", cipher_name(cipher));
    if (is_gcm) return IpsecMbGcmEngine();
    return IpsecMbEngine();
  }
#endif
  WARREN_ASSERT(backend == AeadBackend::libsodium, "built without {}", backend_name(backend));
  if (!is_gcm) return SodiumEngine();
  WARREN_ASSERT(SodiumGcmEngine::usable(), "libsodium has no {} here", cipher_name(cipher));
  return SodiumGcmEngine();
}

template <AeadEngine E>
void assert_fits(const AeadKey& key) noexcept {
  WARREN_ASSERT(key.fits(E::kBackend, E::kCipher), "the key was not prepared for {} by {}",
                cipher_name(E::kCipher), backend_name(E::kBackend));
}

template <AeadEngine E>
void seal_batch(E& engine, std::span<AeadJob> jobs) noexcept {
  for (const AeadJob& job : jobs) {
    assert_fits<E>(*job.key);
    const Nonce nonce = nonce_of(E::kCipher, job.counter);
    engine.seal({*job.key, nonce, {}, job.in, job.out});
  }
}

template <AeadEngine E>
void open_batch(E& engine, std::span<AeadJob> jobs) noexcept {
  for (AeadJob& job : jobs) {
    assert_fits<E>(*job.key);
    const Nonce nonce = nonce_of(E::kCipher, job.counter);
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

/// The round keys and hash key of one message, wiped behind it: libsodium's one-step functions
/// leave theirs on the stack.
class GcmState {
 public:
  explicit GcmState(const SymmetricKey& key) noexcept {
    WARREN_ASSERT(SodiumGcmEngine::usable(), "libsodium has no AES-256-GCM here");
    crypto_aead_aes256gcm_beforenm(&state_, raw(key.bytes().data()));
  }
  ~GcmState() { sodium_memzero(&state_, sizeof state_); }
  GcmState(const GcmState&) = delete;
  GcmState& operator=(const GcmState&) = delete;
  [[nodiscard]] const crypto_aead_aes256gcm_state* get() const noexcept { return &state_; }

 private:
  crypto_aead_aes256gcm_state state_;
};

}  // namespace

std::string_view cipher_name(Cipher cipher) noexcept {
  return kCipherNames[static_cast<std::size_t>(cipher)];
}

std::optional<Cipher> cipher_from_name(std::string_view name) noexcept {
  for (const Cipher cipher : {Cipher::chacha20_poly1305, Cipher::aes_256_gcm}) {
    if (cipher_name(cipher) == name) return cipher;
  }
  return std::nullopt;
}

std::string_view backend_name(AeadBackend backend) noexcept {
  return backend == AeadBackend::ipsec_mb ? "intel-ipsec-mb" : "libsodium";
}

bool is_available(Cipher cipher) noexcept {
  // The handshake takes libsodium's AES: without it the other backend's is of no use.
  return cipher == Cipher::chacha20_poly1305 || SodiumGcmEngine::usable();
}

std::vector<AeadBackend> available_backends(Cipher cipher) {
  std::vector<AeadBackend> backends;
  if (!is_available(cipher)) return backends;
#ifdef WARREN_HAVE_IPSEC_MB
  if (cipher == Cipher::aes_256_gcm ? IpsecMbGcmEngine::usable() : IpsecMbEngine::usable()) {
    backends.push_back(AeadBackend::ipsec_mb);
  }
#endif
  backends.push_back(AeadBackend::libsodium);
  return backends;
}

// ---- keys
// ------------------------------------------------------------------------------------------

namespace {
constexpr std::size_t kMaterialAlignment = 64;
}

AeadKey::AeadKey(AeadBackend backend, Cipher cipher, std::size_t size)
    : backend_(backend), cipher_(cipher) {
  // Whole multiples: backends may read behind a short key.
  size = (size + kMaterialAlignment - 1) / kMaterialAlignment * kMaterialAlignment;
  void* memory = ::operator new (size, std::align_val_t{kMaterialAlignment});
  std::memset(memory, 0, size);
  material_ = {static_cast<std::byte*>(memory), WipeAndFree(size)};
}

void AeadKey::WipeAndFree::operator()(std::byte* material) const noexcept {
  wipe({material, size});
  ::operator delete (material, size, std::align_val_t{kMaterialAlignment});
}

// ---- batches
// ---------------------------------------------------------------------------------------

struct Aead::State {
  Engine engine;
};

Aead::Aead(AeadBackend backend, Cipher cipher) : state_(new State{make_engine(backend, cipher)}) {}
Aead::Aead(Aead&&) noexcept = default;
Aead& Aead::operator=(Aead&&) noexcept = default;
Aead::~Aead() = default;

AeadBackend Aead::backend() const noexcept {
  return std::visit([](const auto& engine) { return engine.kBackend; }, state_->engine);
}

Cipher Aead::cipher() const noexcept {
  return std::visit([](const auto& engine) { return engine.kCipher; }, state_->engine);
}

AeadKey Aead::prepare(const SymmetricKey& key) const {
  return std::visit([&](const auto& engine) { return engine.prepare(key); }, state_->engine);
}

void Aead::seal(std::span<AeadJob> jobs) noexcept {
  std::visit([&](auto& engine) { seal_batch(engine, jobs); }, state_->engine);
}

void Aead::open(std::span<AeadJob> jobs) noexcept {
  std::visit([&](auto& engine) { open_batch(engine, jobs); }, state_->engine);
}

// ---- single messages
// -------------------------------------------------------------------------------

struct MessageAead::State {
  Engine engine;
};

MessageAead::MessageAead(AeadBackend backend, Cipher cipher)
    : state_(new State{make_engine(backend, cipher)}) {}
MessageAead::~MessageAead() = default;

AeadKey MessageAead::prepare(const SymmetricKey& key) const {
  return std::visit([&](const auto& engine) { return engine.prepare(key); }, state_->engine);
}

void MessageAead::seal(const AeadMessage& message) noexcept {
  std::visit([&](auto& engine) { engine.seal(message); }, state_->engine);
}

bool MessageAead::open(const AeadMessage& message) noexcept {
  return std::visit([&](auto& engine) { return engine.open(message); }, state_->engine);
}

void aead_seal(Cipher cipher, const SymmetricKey& key, std::uint64_t counter,
               base::ConstBytes associated, base::ConstBytes in, base::Bytes out) noexcept {
  ensure_sodium();
  assert_sealed_size(in, out);
  const Nonce nonce = nonce_of(cipher, counter);
  if (cipher == Cipher::chacha20_poly1305) {
    crypto_aead_chacha20poly1305_ietf_encrypt(raw(out.data()), nullptr, raw(in.data()), in.size(),
                                              raw(associated.data()), associated.size(), nullptr,
                                              raw(nonce.data()), raw(key.bytes().data()));
    return;
  }
  const GcmState state(key);
  crypto_aead_aes256gcm_encrypt_afternm(raw(out.data()), nullptr, raw(in.data()), in.size(),
                                        raw(associated.data()), associated.size(), nullptr,
                                        raw(nonce.data()), state.get());
}

bool aead_open(Cipher cipher, const SymmetricKey& key, std::uint64_t counter,
               base::ConstBytes associated, base::ConstBytes in, base::Bytes out) noexcept {
  ensure_sodium();
  if (!has_tag(in, out)) return false;
  const Nonce nonce = nonce_of(cipher, counter);
  if (cipher == Cipher::chacha20_poly1305) {
    return crypto_aead_chacha20poly1305_ietf_decrypt(
               raw(out.data()), nullptr, nullptr, raw(in.data()), in.size(), raw(associated.data()),
               associated.size(), raw(nonce.data()), raw(key.bytes().data())) == 0;
  }
  const GcmState state(key);
  return crypto_aead_aes256gcm_decrypt_afternm(raw(out.data()), nullptr, nullptr, raw(in.data()),
                                               in.size(), raw(associated.data()), associated.size(),
                                               raw(nonce.data()), state.get()) == 0;
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
