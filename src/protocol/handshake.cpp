#include <algorithm>

#include <warren/protocol/handshake.hpp>

namespace warren::protocol {

namespace {

/// Mixes in the Diffie-Hellman result of two keys; false when it is all zeros.
[[nodiscard]] bool mix_dh(SymmetricState& state, const crypto::SecretKey& secret,
                          const crypto::PublicKey& peer) noexcept {
  const auto shared = crypto::x25519(secret, peer);
  if (!shared) return false;
  state.mix_key(shared->bytes());
  return true;
}

/// The token e of a handshake with a preshared key: the public key goes into hash and chaining key.
void mix_ephemeral(SymmetricState& state, base::ConstBytes public_key) noexcept {
  state.mix_hash(public_key);
  state.mix_key(public_key);
}

base::WallTime whiten(base::WallTime wall) noexcept {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(wall);
  const auto nanoseconds = (wall - seconds).count();
  return seconds + base::Duration(nanoseconds & ~((std::int64_t{1} << 24) - 1));
}

}  // namespace

Timestamp TimestampSource::next(base::WallTime wall) noexcept {
  base::WallTime time = whiten(wall);
  if (time <= last_) time = whiten(last_ + base::Duration(std::int64_t{1} << 24));
  last_ = time;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto since_epoch = static_cast<std::uint64_t>(seconds.time_since_epoch().count());
  // TAI64 labels count from 2^62; TAI was 10 s ahead of UTC at the epoch, and like other
  // implementations this leaves leap seconds since then out.
  Timestamp timestamp;
  base::store_be<std::uint64_t>(timestamp.bytes.data(),
                                (std::uint64_t{1} << 62) + 10 + since_epoch);
  base::store_be<std::uint32_t>(timestamp.bytes.data() + 8,
                                static_cast<std::uint32_t>((time - seconds).count()));
  return timestamp;
}

std::expected<PendingInitiation, HandshakeFailure> create_initiation(
    Suite suite, const Identity& own, const PeerKeys& peer, const Timestamp& timestamp,
    SessionIndex index, const crypto::RandomSource& random, InitiationMessage& message) noexcept {
  PendingInitiation pending{.state = start_handshake(suite, peer.public_key),
                            .ephemeral = crypto::generate_secret_key(random),
                            .index = index};
  SymmetricState& state = pending.state;
  message.type = type_field(MessageType::initiation);
  message.sender = index_field(index);

  const crypto::PublicKey ephemeral = crypto::public_key_of(pending.ephemeral);
  std::ranges::copy(ephemeral.bytes(), message.ephemeral.begin());
  mix_ephemeral(state, message.ephemeral);
  if (!mix_dh(state, pending.ephemeral, peer.public_key) || peer.static_static.is_zero()) {
    return std::unexpected(HandshakeFailure::low_order_key);
  }
  state.encrypt_and_hash(own.public_key.bytes(), message.encrypted_static);
  state.mix_key(peer.static_static.bytes());
  state.encrypt_and_hash(timestamp.bytes, message.encrypted_timestamp);
  return pending;
}

namespace {
/// Opens an initiation given the Diffie-Hellman result of our static and its ephemeral key.
std::optional<OpenedInitiation> open_as(Suite suite, const Identity& own,
                                        const crypto::SymmetricKey& shared,
                                        const InitiationMessage& message) noexcept {
  OpenedInitiation opened{.state = start_handshake(suite, own.public_key),
                          .remote_static = {},
                          .remote_ephemeral = crypto::PublicKey(message.ephemeral),
                          .remote_index = index_of(message.sender)};
  mix_ephemeral(opened.state, message.ephemeral);
  opened.state.mix_key(shared.bytes());
  std::array<std::byte, crypto::kKeyBytes> remote_static;
  if (!opened.state.decrypt_and_hash(message.encrypted_static, remote_static)) return std::nullopt;
  opened.remote_static = crypto::PublicKey(remote_static);
  return opened;
}
}  // namespace

std::expected<OpenedInitiation, HandshakeFailure> open_initiation(
    Suite suite, const Identity& own, const InitiationMessage& message) noexcept {
  const auto shared = crypto::x25519(own.secret, crypto::PublicKey(message.ephemeral));
  if (!shared) return std::unexpected(HandshakeFailure::low_order_key);
  auto opened = open_as(suite, own, *shared, message);
  if (!opened) return std::unexpected(HandshakeFailure::decryption);
  return std::move(*opened);
}

std::optional<ForeignInitiation> recognise_initiation(Suite own_suite, const Identity& own,
                                                      const InitiationMessage& message) noexcept {
  const auto shared = crypto::x25519(own.secret, crypto::PublicKey(message.ephemeral));
  if (!shared) return std::nullopt;
  for (const Suite suite : kSuites) {
    if (suite == own_suite || !crypto::is_available(suite.cipher)) continue;
    if (const auto opened = open_as(suite, own, *shared, message)) {
      return ForeignInitiation{.suite = suite, .remote_static = opened->remote_static};
    }
  }
  return std::nullopt;
}

std::expected<Timestamp, HandshakeFailure> read_timestamp(
    OpenedInitiation& opened, const crypto::SymmetricKey& static_static,
    const InitiationMessage& message) noexcept {
  if (static_static.is_zero()) return std::unexpected(HandshakeFailure::low_order_key);
  opened.state.mix_key(static_static.bytes());
  Timestamp timestamp;
  if (!opened.state.decrypt_and_hash(message.encrypted_timestamp, timestamp.bytes)) {
    return std::unexpected(HandshakeFailure::decryption);
  }
  return timestamp;
}

std::expected<SessionKeys, HandshakeFailure> create_response(
    OpenedInitiation opened, const crypto::PresharedKey& preshared_key, SessionIndex index,
    const crypto::RandomSource& random, ResponseMessage& message) noexcept {
  SymmetricState& state = opened.state;
  message.type = type_field(MessageType::response);
  message.sender = index_field(index);
  message.receiver = index_field(opened.remote_index);

  const crypto::SecretKey ephemeral = crypto::generate_secret_key(random);
  std::ranges::copy(crypto::public_key_of(ephemeral).bytes(), message.ephemeral.begin());
  mix_ephemeral(state, message.ephemeral);
  if (!mix_dh(state, ephemeral, opened.remote_ephemeral) ||
      !mix_dh(state, ephemeral, opened.remote_static)) {
    return std::unexpected(HandshakeFailure::low_order_key);
  }
  state.mix_key_and_hash(preshared_key.bytes());
  state.encrypt_and_hash({}, message.encrypted_nothing);
  auto [initiators, responders] = state.split();
  return SessionKeys{.send = std::move(responders), .receive = std::move(initiators)};
}

std::expected<SessionKeys, HandshakeFailure> consume_response(
    const PendingInitiation& pending, const Identity& own,
    const crypto::PresharedKey& preshared_key, const ResponseMessage& message) noexcept {
  SymmetricState state = pending.state.clone();
  const crypto::PublicKey remote_ephemeral(message.ephemeral);
  mix_ephemeral(state, message.ephemeral);
  if (!mix_dh(state, pending.ephemeral, remote_ephemeral) ||
      !mix_dh(state, own.secret, remote_ephemeral)) {
    return std::unexpected(HandshakeFailure::low_order_key);
  }
  state.mix_key_and_hash(preshared_key.bytes());
  if (!state.decrypt_and_hash(message.encrypted_nothing, {})) {
    return std::unexpected(HandshakeFailure::wrong_preshared_key);
  }
  auto [initiators, responders] = state.split();
  return SessionKeys{.send = std::move(initiators), .receive = std::move(responders)};
}

}  // namespace warren::protocol
