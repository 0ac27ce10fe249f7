// Every message byte by byte against an implementation that shares no code with this one
// (tests/support/data/protocol/make_wire_vectors.py).
#include <catch2/catch_test_macros.hpp>

#include <warren/crypto/aead.hpp>
#include <warren/protocol/cookie.hpp>
#include <warren/protocol/handshake.hpp>

#include "support/vector_file.hpp"

namespace warren::protocol {
namespace {

using Buffer = std::vector<std::byte>;

/// Hands out prepared bytes instead of random ones.
struct Script {
  Buffer bytes;
  std::size_t used = 0;
  static void fill(void* self, base::Bytes out) {
    auto& script = *static_cast<Script*>(self);
    for (std::byte& byte : out) byte = script.bytes.at(script.used++);
  }
  crypto::RandomSource source() { return {&Script::fill, this}; }
};

struct Fixture {
  test::VectorBlock vector = test::read_vectors("protocol/wire_vectors.txt").at(0);
  Identity initiator = identity("initiator");
  Identity responder = identity("responder");
  crypto::PresharedKey preshared = crypto::PresharedKey::from_hex(vector["preshared"]).value();
  crypto::SymmetricKey static_static =
      crypto::x25519(initiator.secret, responder.public_key).value();
  base::Now now{
      .boot = base::Instant(std::chrono::hours(1)),
      .wall = base::WallTime(std::chrono::seconds(1'700'000'000)) + base::Duration(0x2f123456)};

  Buffer bytes(const std::string& name) { return test::unhex(vector[name]); }
  Identity identity(const std::string& name) {
    auto secret = crypto::SecretKey::from_hex(vector[name]).value();
    const auto public_key = crypto::public_key_of(secret);
    return {.secret = std::move(secret), .public_key = public_key};
  }
  PendingInitiation initiate(InitiationMessage& message) {
    Script script{.bytes = bytes("initiator_ephemeral")};
    return create_initiation(Suite{}, initiator,
                             {.public_key = responder.public_key,
                              .static_static = static_static,
                              .preshared_key = preshared},
                             TimestampSource().next(now.wall), SessionIndex(0x11223344),
                             script.source(), message)
        .value();
  }
};

template <class Message>
Buffer with_macs(CookieMaker& maker, base::Instant now, const Message& message) {
  const auto bytes = bytes_of_message(message);
  Buffer buffer(bytes.begin(), bytes.end());
  maker.add_macs(now, buffer);
  return buffer;
}

TEST_CASE_METHOD(Fixture, "an initiation has the bytes that the white paper prescribes") {
  InitiationMessage message;
  initiate(message);
  CookieMaker maker(responder.public_key);
  CHECK(with_macs(maker, now.boot, message) == bytes("initiation"));
}

TEST_CASE_METHOD(Fixture,
                 "a cookie reply is understood and the next mac2 is made with its cookie") {
  InitiationMessage message;
  initiate(message);
  CookieMaker maker(responder.public_key);
  with_macs(maker, now.boot, message);
  CHECK(maker.consume(now.boot, read_message<CookieReplyMessage>(bytes("cookie_reply"))));
  CHECK(with_macs(maker, now.boot, message) == bytes("initiation_with_cookie"));
}

TEST_CASE_METHOD(Fixture, "a response has the bytes that the white paper prescribes") {
  const auto initiation = read_message<InitiationMessage>(bytes("initiation"));
  auto opened = open_initiation(Suite{}, responder, initiation).value();
  CHECK(opened.remote_static == initiator.public_key);
  CHECK(read_timestamp(opened, static_static, initiation).has_value());
  Script script{.bytes = bytes("responder_ephemeral")};
  ResponseMessage response;
  const auto keys = create_response(std::move(opened), preshared, SessionIndex(0xaabbccdd),
                                    script.source(), response)
                        .value();
  CookieMaker maker(initiator.public_key);
  CHECK(with_macs(maker, now.boot, response) == bytes("response"));
  CHECK(std::ranges::equal(keys.receive.bytes(), bytes("initiator_sends")));
  CHECK(std::ranges::equal(keys.send.bytes(), bytes("initiator_receives")));
}

TEST_CASE_METHOD(Fixture, "both sides derive the transport keys that the white paper prescribes") {
  InitiationMessage message;
  const PendingInitiation pending = initiate(message);
  const auto keys = consume_response(pending, initiator, preshared,
                                     read_message<ResponseMessage>(bytes("response")))
                        .value();
  const Buffer data = bytes("data");
  Buffer plaintext(data.size() - kMinDataBytes);
  REQUIRE(crypto::aead_open(crypto::Cipher::chacha20_poly1305, keys.send, 7, {},
                            std::span(data).subspan(sizeof(DataHeader)), plaintext));
  CHECK(std::ranges::equal(plaintext, base::bytes_of("sixteen bytes ok")));
}

}  // namespace
}  // namespace warren::protocol
