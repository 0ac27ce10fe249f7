// Handshake messages: arbitrary ones, ones with a correct mac1 computed over them, and genuine ones
// with some bytes changed, to a responder and to an initiator that waits. A responder must never
// answer with more bytes than it got.
#include <warren/base/assert.hpp>

#include "input.hpp"
#include "support/pair.hpp"
#include "support/raw_peer.hpp"

namespace {

using namespace warren;
using test::Packet;

/// Arbitrary bytes in the shape of a message.
Packet shaped(fuzz::Input& input, std::uint64_t what) {
  constexpr std::size_t kSizes[] = {sizeof(protocol::InitiationMessage),
                                    sizeof(protocol::ResponseMessage),
                                    sizeof(protocol::CookieReplyMessage)};
  Packet bytes = input.piece(kSizes[what % 3]);
  bytes.resize(kSizes[what % 3]);
  base::store_le(bytes.data(), static_cast<std::uint32_t>(what % 3 + 1));
  return bytes;
}

/// A genuine message with some bytes changed.
void change(fuzz::Input& input, Packet& bytes) {
  for (std::uint64_t changes = input.number(1) % 4; changes > 0; --changes) {
    bytes[input.number(1) % bytes.size()] ^= static_cast<std::byte>(input.number(1));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  test::Pair pair;
  const std::uint64_t flags = input.number(1);
  protocol::Suite suite;
  if ((flags & 2) != 0) suite.kind = protocol::Kind::tap;
  if ((flags & 4) != 0 && crypto::is_available(crypto::Cipher::aes_256_gcm)) {
    suite.cipher = crypto::Cipher::aes_256_gcm;
  }
  test::RawPeer raw(suite, 7);
  static_cast<void>(pair.b.device.add_peer(pair.now, raw.public_key()));
  if ((flags & 1) != 0) {
    pair.establish();
    pair.advance(protocol::kRekeyAfterTime);
  }
  pair.a.send(pair.now, pair.packet_to_b());  // a waits for a response
  const Packet genuine = pair.a.outbox.back().bytes;
  pair.a.outbox.clear();

  while (!input.empty()) {
    const std::uint64_t what = input.number(1);
    Packet bytes;
    switch (what % 4) {
      case 0:
        bytes = input.piece(input.number(1));
        break;
      case 1:
        bytes = shaped(input, what / 4);
        break;
      case 2:
        bytes = raw.initiation(pair.now, *pair.b.device.public_key());
        change(input, bytes);
        break;
      default:
        bytes = pair.b.outbox.empty() ? genuine : pair.b.outbox.back().bytes;
        change(input, bytes);
        break;
    }
    const bool to_a = (what & 64) != 0;
    test::Node& node = to_a ? pair.a : pair.b;
    if ((what & 128) != 0 && bytes.size() >= 64) {
      protocol::CookieMaker(*node.device.public_key()).add_macs(pair.now.boot, bytes);
    }
    const auto from = test::endpoint(to_a ? "192.0.2.2:2000" : "203.0.113.1:1");
    const std::size_t had = node.outbox.size();
    const std::size_t length = bytes.size();
    node.receive(pair.now, from, std::span(&bytes, 1));
    WARREN_ASSERT(node.delivered.empty(), "a handshake message delivered data");
    std::size_t answered = 0;
    for (std::size_t i = had; i < node.outbox.size(); ++i) {
      answered += node.outbox[i].bytes.size();
    }
    WARREN_ASSERT(to_a || answered <= length, "{} bytes answered with {}", length, answered);
    pair.now.boot += std::chrono::milliseconds(input.number(1));
    pair.now.wall += std::chrono::milliseconds(30);
    node.handle_timeout(pair.now);
  }
  return 0;
}
