// Every message on the wire: structures, sizes, types. White paper, section 5.4.
// The structures are arrays of bytes, so they have no padding and no alignment: copy them in and
// out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <expected>

#include <warren/base/bytes.hpp>
#include <warren/base/drop.hpp>
#include <warren/protocol/ids.hpp>

namespace warren::protocol {

enum class MessageType : std::uint8_t {
  initiation = 1,
  response = 2,
  cookie_reply = 3,
  data = 4,
};

template <std::size_t size>
using Field = std::array<std::byte, size>;

inline constexpr std::size_t kTimestampBytes = 12;
inline constexpr std::size_t kTagSize = 16;
inline constexpr std::size_t kCookieBytes = 16;
inline constexpr std::size_t kCookieNonceBytes = 24;

struct InitiationMessage {
  Field<4> type;
  Field<4> sender;
  Field<32> ephemeral;
  Field<32 + kTagSize> encrypted_static;
  Field<kTimestampBytes + kTagSize> encrypted_timestamp;
  Field<16> mac1;
  Field<16> mac2;
};
struct ResponseMessage {
  Field<4> type;
  Field<4> sender;
  Field<4> receiver;
  Field<32> ephemeral;
  Field<kTagSize> encrypted_nothing;
  Field<16> mac1;
  Field<16> mac2;
};
struct CookieReplyMessage {
  Field<4> type;
  Field<4> receiver;
  Field<kCookieNonceBytes> nonce;
  Field<kCookieBytes + kTagSize> encrypted_cookie;
};
struct DataHeader {
  Field<4> type;
  Field<4> receiver;
  Field<8> counter;
};

static_assert(sizeof(InitiationMessage) == 148);
static_assert(sizeof(ResponseMessage) == 92);
static_assert(sizeof(CookieReplyMessage) == 64);
static_assert(sizeof(DataHeader) == 16);

/// Header and tag of an empty plaintext: a keepalive.
inline constexpr std::size_t kMinDataBytes = sizeof(DataHeader) + kTagSize;
/// mac1 and mac2 close both handshake messages; mac1 covers what is in front of it, mac2 covers
/// mac1 too.
inline constexpr std::size_t kMacsBytes = 32;

/// What `datagram` is by its type and length. The type is one byte followed by three zero bytes.
/// Errors: in_too_short, in_unknown_type, in_bad_length.
std::expected<MessageType, base::Drop> classify(base::ConstBytes datagram) noexcept;

inline Field<4> type_field(MessageType type) noexcept {
  return {static_cast<std::byte>(type), std::byte{0}, std::byte{0}, std::byte{0}};
}
inline Field<4> index_field(SessionIndex index) noexcept {
  Field<4> field;
  base::store_le(field.data(), index.value());
  return field;
}
inline SessionIndex index_of(const Field<4>& field) noexcept {
  return SessionIndex(base::load_le<std::uint32_t>(field.data()));
}

/// Copies a message out of a datagram that classify() found to be of that type.
template <class Message>
Message read_message(base::ConstBytes datagram) noexcept {
  Message message;
  std::memcpy(&message, datagram.data(), sizeof message);
  return message;
}
template <class Message>
base::ConstBytes bytes_of_message(const Message& message) noexcept {
  return std::as_bytes(std::span(&message, 1));
}

}  // namespace warren::protocol
