#include <algorithm>

#include <warren/crypto/aead.hpp>
#include <warren/protocol/cookie.hpp>
#include <warren/protocol/limits.hpp>

namespace warren::protocol {

namespace {

constexpr std::string_view kMac1Label = "mac1----";
constexpr std::string_view kCookieLabel = "cookie--";
constexpr std::size_t kMacSize = kMacsBytes / 2;

crypto::Hash labelled_key(std::string_view label, const crypto::PublicKey& key) noexcept {
  return crypto::blake2s({base::bytes_of(label), key.bytes()});
}

base::ConstBytes before_mac1(base::ConstBytes message) noexcept {
  return message.first(message.size() - kMacsBytes);
}
base::ConstBytes mac1_of(base::ConstBytes message) noexcept {
  return message.subspan(message.size() - kMacsBytes, kMacSize);
}
base::ConstBytes before_mac2(base::ConstBytes message) noexcept {
  return message.first(message.size() - kMacSize);
}
base::ConstBytes mac2_of(base::ConstBytes message) noexcept {
  return message.last(kMacSize);
}

}  // namespace

void CookieChecker::set_public_key(const crypto::PublicKey& key) noexcept {
  mac1_key_ = labelled_key(kMac1Label, key);
  cookie_key_ = crypto::SymmetricKey(labelled_key(kCookieLabel, key));
}

bool CookieChecker::mac1_is_right(base::ConstBytes message) const noexcept {
  return crypto::equal(crypto::keyed_blake2s(mac1_key_, {before_mac1(message)}), mac1_of(message));
}

CookieChecker::Mac2 CookieChecker::check_mac2(base::Instant now, const crypto::RandomSource& random,
                                              base::ConstBytes message,
                                              const base::Endpoint& source) noexcept {
  const base::ConstBytes mac2 = mac2_of(message);
  if (std::ranges::all_of(mac2, [](std::byte byte) { return byte == std::byte{0}; })) {
    return Mac2::absent;
  }
  const crypto::Mac cookie = cookie_of(now, random, source);
  return crypto::equal(crypto::keyed_blake2s(cookie, {before_mac2(message)}), mac2) ? Mac2::right
                                                                                    : Mac2::wrong;
}

CookieReplyMessage CookieChecker::reply(base::Instant now, const crypto::RandomSource& random,
                                        base::ConstBytes message, SessionIndex receiver,
                                        const base::Endpoint& source) noexcept {
  CookieReplyMessage reply;
  reply.type = type_field(MessageType::cookie_reply);
  reply.receiver = index_field(receiver);
  random.fill(reply.nonce);
  crypto::xaead_seal(cookie_key_, reply.nonce, mac1_of(message), cookie_of(now, random, source),
                     reply.encrypted_cookie);
  return reply;
}

crypto::Mac CookieChecker::cookie_of(base::Instant now, const crypto::RandomSource& random,
                                     const base::Endpoint& source) noexcept {
  if (!secret_made_ || now - *secret_made_ >= kCookieSecretMaxAge) {
    random.fill(secret_.mutable_bytes());
    secret_made_ = now;
  }
  std::array<std::byte, 2> port;
  base::store_be(port.data(), source.port);
  return crypto::keyed_blake2s(secret_.bytes(), {source.address.bytes(), port});
}

CookieMaker::CookieMaker(const crypto::PublicKey& key) noexcept
    : mac1_key_(labelled_key(kMac1Label, key)), cookie_key_(labelled_key(kCookieLabel, key)) {}

void CookieMaker::add_macs(base::Instant now, base::Bytes message) noexcept {
  const crypto::Mac mac1 = crypto::keyed_blake2s(mac1_key_, {before_mac1(message)});
  std::ranges::copy(mac1, message.last(kMacsBytes).begin());
  last_mac1_ = mac1;
  crypto::Mac mac2{};
  // Stops a little before the responder forgets its secret, so that the message arrives in time.
  if (cookie_received_ && now - *cookie_received_ < kCookieSecretMaxAge - kCookieLatency) {
    mac2 = crypto::keyed_blake2s(cookie_, {before_mac2(message)});
  }
  std::ranges::copy(mac2, message.last(kMacSize).begin());
}

bool CookieMaker::consume(base::Instant now, const CookieReplyMessage& reply) noexcept {
  if (!last_mac1_) return false;
  crypto::Mac cookie;
  if (!crypto::xaead_open(cookie_key_, reply.nonce, *last_mac1_, reply.encrypted_cookie, cookie)) {
    return false;
  }
  cookie_ = cookie;
  cookie_received_ = now;
  last_mac1_.reset();  // one answer per message
  return true;
}

void CookieMaker::reset() noexcept {
  crypto::wipe(cookie_);
  cookie_received_.reset();
  last_mac1_.reset();
}

}  // namespace warren::protocol
