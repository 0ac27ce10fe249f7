// Theory of operation
//
// BLAKE2s comes from libb2, which picks the best implementation for the CPU on its first call.
// Everything here is one streaming pass over the parts: a message's fields are hashed where they
// lie. mac1 is computed for every handshake datagram that arrives, authentic or not, so that path
// is initialise, update, finish, and nothing else.
//
// The states are wiped: the one of an HMAC or of a keyed hash holds key material, and that of the
// handshake's chain holds what the keys are made from.

#include <blake2.h>

#include <algorithm>

#include <warren/base/assert.hpp>
#include <warren/crypto/hash.hpp>

#include "sodium.hpp"

namespace warren::crypto {
namespace {

constexpr std::size_t kBlockBytes = BLAKE2S_BLOCKBYTES;
using Parts = std::initializer_list<base::ConstBytes>;

static_assert(kHashBytes == BLAKE2S_OUTBYTES && kKeyBytes == BLAKE2S_KEYBYTES);

class Blake2s {
 public:
  Blake2s(base::ConstBytes key, std::size_t out_bytes) noexcept {
    WARREN_ASSERT(out_bytes >= 1 && out_bytes <= kHashBytes && key.size() <= kKeyBytes,
                  "out_bytes={} key={}", out_bytes, key.size());
    const int status = key.empty() ? blake2s_init(&state_, out_bytes)
                                   : blake2s_init_key(&state_, out_bytes, key.data(), key.size());
    WARREN_ASSERT(status == 0, "blake2s_init() = {}", status);
  }
  ~Blake2s() { wipe(std::as_writable_bytes(std::span(&state_, 1))); }
  Blake2s(const Blake2s&) = delete;
  Blake2s& operator=(const Blake2s&) = delete;

  void update(base::ConstBytes part) noexcept {
    // An empty part may have no address, which libb2 would hand to memcpy.
    if (!part.empty()) blake2s_update(&state_, raw(part.data()), part.size());
  }
  void update(Parts parts) noexcept {
    for (const auto part : parts) update(part);
  }
  /// `out` has the size that was asked for.
  void finish(base::Bytes out) noexcept {
    const int status = blake2s_final(&state_, raw(out.data()), out.size());
    WARREN_ASSERT(status == 0, "blake2s_final() = {}", status);
  }

 private:
  blake2s_state state_;
};

}  // namespace

Hash blake2s(Parts parts) noexcept {
  Hash out;
  blake2s({}, parts, out);
  return out;
}

Mac keyed_blake2s(base::ConstBytes key, Parts parts) noexcept {
  WARREN_ASSERT(!key.empty(), "a keyed hash needs a key");
  Mac out;
  blake2s(key, parts, out);
  return out;
}

void blake2s(base::ConstBytes key, Parts parts, base::Bytes out) noexcept {
  Blake2s state(key, out.size());
  state.update(parts);
  state.finish(out);
}

Hash hmac_blake2s(base::ConstBytes key, Parts parts) noexcept {
  // RFC 2104: the key fills a block, as it is or, when longer than a block, as its hash.
  std::array<std::byte, kBlockBytes> pad{};
  if (key.size() > kBlockBytes) {
    blake2s({}, {key}, base::Bytes(pad).first<kHashBytes>());
  } else {
    std::ranges::copy(key, pad.begin());
  }

  Hash digest;
  for (auto& byte : pad) byte ^= std::byte{0x36};
  {
    Blake2s inner({}, kHashBytes);
    inner.update(pad);
    inner.update(parts);
    inner.finish(digest);
  }
  for (auto& byte : pad) byte ^= std::byte{0x36} ^ std::byte{0x5c};
  {
    Blake2s outer({}, kHashBytes);
    outer.update(pad);
    outer.update(digest);
    outer.finish(digest);
  }
  wipe(pad);
  return digest;
}

void hkdf(const SymmetricKey& chaining_key, base::ConstBytes input,
          std::initializer_list<SymmetricKey*> outputs) noexcept {
  WARREN_ASSERT(outputs.size() >= 1 && outputs.size() <= 3, "outputs={}", outputs.size());
  // RFC 5869 with an empty info: T(0) is empty, T(i) = HMAC(extracted, T(i - 1) || i). The chaining
  // key is not read again after the first line, so an output may take its place.
  Hash extracted = hmac_blake2s(chaining_key.bytes(), {input});
  Hash block{};
  base::ConstBytes previous;
  auto number = std::byte{1};
  for (SymmetricKey* output : outputs) {
    block = hmac_blake2s(extracted, {previous, {&number, 1}});
    std::ranges::copy(block, output->mutable_bytes().begin());
    previous = block;
    number = static_cast<std::byte>(std::to_integer<unsigned>(number) + 1);
  }
  wipe(extracted);
  wipe(block);
}

}  // namespace warren::crypto
