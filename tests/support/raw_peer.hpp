// A peer made of the bare handshake functions, without a device's good manners: it sends whatever
// plaintext, counter, index or timestamp a test wants, correctly encrypted.
#pragma once

#include <algorithm>
#include <optional>
#include <utility>

#include <warren/crypto/aead.hpp>
#include <warren/protocol/cookie.hpp>
#include <warren/protocol/handshake.hpp>

#include "node.hpp"

namespace warren::test {

class RawPeer {
 public:
  RawPeer(protocol::Kind kind, std::uint64_t seed) : RawPeer(protocol::Suite{.kind = kind}, seed) {}
  RawPeer(protocol::Suite suite, std::uint64_t seed) : suite_(suite), random_(seed) {
    identity_.secret = crypto::generate_secret_key(random_.source());
    identity_.public_key = crypto::public_key_of(identity_.secret);
  }
  [[nodiscard]] const crypto::PublicKey& public_key() const { return identity_.public_key; }
  [[nodiscard]] protocol::CookieMaker& cookie() { return *cookie_; }

  /// An initiation to `responder` with a timestamp of `wall`.
  Packet initiation(base::Now now, const crypto::PublicKey& responder, std::uint32_t index = 77) {
    auto shared = crypto::x25519(identity_.secret, responder);
    const crypto::SymmetricKey static_static = shared ? std::move(*shared) : crypto::SymmetricKey();
    protocol::InitiationMessage message{};
    auto pending = protocol::create_initiation(
        suite_, identity_,
        {.public_key = responder, .static_static = static_static, .preshared_key = preshared_},
        protocol::TimestampSource().next(now.wall), protocol::SessionIndex(index), random_.source(),
        message);
    if (pending) pending_.emplace(std::move(*pending));
    if (!cookie_) cookie_.emplace(responder);
    return with_macs(now, message);
  }

  /// Takes the response; false when it does not fit.
  bool complete(base::ConstBytes datagram) {
    const auto message = protocol::read_message<protocol::ResponseMessage>(datagram);
    auto keys = protocol::consume_response(*pending_, identity_, preshared_, message);
    if (!keys) return false;
    keys_.emplace(std::move(*keys));
    remote_index_ = message.sender;
    return true;
  }

  /// Transport data with exactly this plaintext.
  Packet data(std::uint64_t counter, base::ConstBytes plaintext) const {
    Packet datagram(sizeof(protocol::DataHeader) + plaintext.size() + protocol::kTagSize);
    protocol::DataHeader header{.type = protocol::type_field(protocol::MessageType::data),
                                .receiver = remote_index_,
                                .counter = {}};
    base::store_le(header.counter.data(), counter);
    std::memcpy(datagram.data(), &header, sizeof header);
    crypto::aead_seal(suite_.cipher, keys_->send, counter, {}, plaintext,
                      std::span(datagram).subspan(sizeof header));
    return datagram;
  }

  /// Shakes hands with `node` from `from`; `node` must know public_key(). False when it does not
  /// work.
  bool establish(base::Now now, Node& node, const base::Endpoint& from) {
    Packet datagram = initiation(now, *node.device.public_key());
    node.receive(now, from, std::span(&datagram, 1));
    if (node.outbox.empty()) return false;
    const Packet response = node.outbox.back().bytes;
    node.outbox.clear();
    return response.size() == sizeof(protocol::ResponseMessage) && complete(response);
  }

 private:
  template <class Message>
  Packet with_macs(base::Now now, const Message& message) {
    const auto bytes = protocol::bytes_of_message(message);
    Packet datagram(bytes.begin(), bytes.end());
    cookie_->add_macs(now.boot, datagram);
    return datagram;
  }

  protocol::Suite suite_;
  SeededRandom random_;
  protocol::Identity identity_;
  crypto::PresharedKey preshared_;
  std::optional<protocol::CookieMaker> cookie_;
  std::optional<protocol::PendingInitiation> pending_;
  std::optional<protocol::SessionKeys> keys_;
  protocol::Field<4> remote_index_{};
};

}  // namespace warren::test
