// mac1, mac2 and cookies: how a responder under load makes initiators prove their address before it
// spends Diffie-Hellman on them. White paper, sections 5.3 and 5.4.4 and 5.4.7.
#pragma once

#include <cstdint>
#include <optional>

#include <warren/base/bytes.hpp>
#include <warren/base/ip.hpp>
#include <warren/base/time.hpp>
#include <warren/crypto/hash.hpp>
#include <warren/crypto/keys.hpp>
#include <warren/crypto/random.hpp>
#include <warren/protocol/ids.hpp>
#include <warren/protocol/messages.hpp>

namespace warren::protocol {

/// The responder's side; one per device. Messages are whole initiations or responses.
class CookieChecker {
 public:
  /// Our own public key, for which initiators make mac1.
  void set_public_key(const crypto::PublicKey& key) noexcept;

  [[nodiscard]] bool mac1_is_right(base::ConstBytes message) const noexcept;

  enum class Mac2 : std::uint8_t { absent, wrong, right };
  /// Whether mac2 was made with the cookie of `source`: its address and its port.
  [[nodiscard]] Mac2 check_mac2(base::Instant now, const crypto::RandomSource& random,
                                base::ConstBytes message, const base::Endpoint& source) noexcept;

  /// The answer to `message` whose sender chose the index `receiver`.
  [[nodiscard]] CookieReplyMessage reply(base::Instant now, const crypto::RandomSource& random,
                                         base::ConstBytes message, SessionIndex receiver,
                                         const base::Endpoint& source) noexcept;

 private:
  [[nodiscard]] crypto::Mac cookie_of(base::Instant now, const crypto::RandomSource& random,
                                      const base::Endpoint& source) noexcept;

  crypto::Hash mac1_key_{};
  crypto::SymmetricKey cookie_key_;
  crypto::SymmetricKey secret_;
  std::optional<base::Instant> secret_made_;
};

/// The initiator's side; one per peer.
class CookieMaker {
 public:
  /// `key`: the public key of the peer that the messages go to.
  explicit CookieMaker(const crypto::PublicKey& key) noexcept;

  /// Fills mac1, and mac2 (zeros without a fresh cookie), the last kMacsBytes of `message`.
  void add_macs(base::Instant now, base::Bytes message) noexcept;
  /// False when the reply does not belong to the last message that was sent, or is forged.
  [[nodiscard]] bool consume(base::Instant now, const CookieReplyMessage& reply) noexcept;
  /// Forgets the cookie and the last mac1.
  void reset() noexcept;

 private:
  crypto::Hash mac1_key_;
  crypto::SymmetricKey cookie_key_;
  crypto::Mac cookie_{};
  std::optional<base::Instant> cookie_received_;
  std::optional<crypto::Mac> last_mac1_;
};

}  // namespace warren::protocol
