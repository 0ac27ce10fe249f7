// The AEAD: every backend of a cipher must agree on what opens and on what comes out, for any
// bytes; and what one seals, all open.
//
// Input: one byte of choices (six bits of alignment, one for in place, one for the cipher), 32
// bytes of key, 8 of counter, then the message. An input shorter than that is padded with zeros.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <warren/base/assert.hpp>
#include <warren/crypto/aead.hpp>

using namespace warren;
using namespace warren::crypto;

namespace {

constexpr std::size_t kHeaderBytes = 1 + kKeyBytes + 8;
constexpr std::size_t kMostBytes = 4096;
constexpr auto kUntouched = std::byte{0xee};

std::vector<Aead> make_engines(Cipher cipher) {
  std::vector<Aead> made;
  for (const auto backend : available_backends(cipher)) made.emplace_back(backend, cipher);
  return made;
}

/// Empty for AES-256-GCM where the CPU has no AES instructions.
std::vector<Aead>& engines(Cipher cipher) {
  static std::vector<Aead> chacha = make_engines(Cipher::chacha20_poly1305);
  static std::vector<Aead> gcm = make_engines(Cipher::aes_256_gcm);
  return cipher == Cipher::chacha20_poly1305 ? chacha : gcm;
}

struct Message {
  Cipher cipher = Cipher::chacha20_poly1305;
  SymmetricKey key;
  std::uint64_t counter = 0;
  std::vector<std::byte> body;
  /// How far the buffers start from where the allocator put them: 0 to 63.
  std::size_t offset = 0;
  bool in_place = false;
};

Message parse(std::span<const std::byte> input) {
  std::array<std::byte, kHeaderBytes> header{};
  const auto header_size = std::min(input.size(), kHeaderBytes);
  std::ranges::copy(input.first(header_size), header.begin());
  const auto body = input.subspan(header_size);
  const auto choices = std::to_integer<unsigned>(header[0]);
  Message message;
  message.key = SymmetricKey(std::span(header).subspan<1, kKeyBytes>());
  message.counter = base::load_le<std::uint64_t>(header.data() + 1 + kKeyBytes);
  message.body.assign(
      body.begin(), body.begin() + static_cast<std::ptrdiff_t>(std::min(body.size(), kMostBytes)));
  message.offset = choices & 63U;
  message.in_place = (choices & 64U) != 0;
  if ((choices & 128U) != 0) message.cipher = Cipher::aes_256_gcm;
  return message;
}

/// Runs one job over exactly sized memory, so that the sanitizer sees a byte too many.
std::vector<std::byte> run(Aead& aead, const Message& message, base::ConstBytes in,
                           std::size_t out_size, bool seal, bool& authentic) {
  std::vector<std::byte> in_buffer(message.offset + std::max(in.size(), out_size));
  std::vector<std::byte> out_buffer(message.offset + out_size, kUntouched);
  std::byte* from = in_buffer.data() + message.offset;
  std::byte* to = message.in_place ? from : out_buffer.data() + message.offset;
  std::ranges::copy(in, from);
  const AeadKey key = aead.prepare(message.key);
  AeadJob job{.key = &key, .counter = message.counter, .in = {from, in.size()}, .out = to};
  if (seal) {
    aead.seal({&job, 1});
  } else {
    aead.open({&job, 1});
  }
  authentic = job.authentic;
  return {to, to + out_size};
}

void check_open(const Message& message) {
  const std::size_t length = message.body.size() - std::min(message.body.size(), kTagBytes);
  bool expected = false;
  const auto plaintext =
      run(engines(message.cipher).back(), message, message.body, length, false, expected);
  for (auto& aead : engines(message.cipher)) {
    bool authentic = false;
    const auto out = run(aead, message, message.body, length, false, authentic);
    WARREN_ASSERT(authentic == expected, "{} says {}", backend_name(aead.backend()), authentic);
    WARREN_ASSERT(out == plaintext, "{} differs", backend_name(aead.backend()));
    WARREN_ASSERT(
        authentic || std::ranges::count(out, std::byte{0}) == static_cast<std::ptrdiff_t>(length),
        "{} released plaintext", backend_name(aead.backend()));
  }
}

void check_round_trip(const Message& message) {
  const std::size_t length = message.body.size();
  bool ignored = false;
  const auto sealed =
      run(engines(message.cipher).back(), message, message.body, length + kTagBytes, true, ignored);
  for (auto& aead : engines(message.cipher)) {
    const auto again = run(aead, message, message.body, length + kTagBytes, true, ignored);
    WARREN_ASSERT(again == sealed, "{} seals otherwise", backend_name(aead.backend()));
    bool authentic = false;
    const auto opened = run(aead, message, sealed, length, false, authentic);
    WARREN_ASSERT(authentic && opened == message.body, "{} does not open what was sealed",
                  backend_name(aead.backend()));
    auto forged = sealed;
    forged[message.counter % forged.size()] ^= std::byte{1};
    run(aead, message, forged, length, false, authentic);
    WARREN_ASSERT(!authentic, "{} opens a forgery", backend_name(aead.backend()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Message message = parse(std::as_bytes(std::span(data, size)));
  if (engines(message.cipher).empty()) return 0;
  check_open(message);
  check_round_trip(message);
  return 0;
}
