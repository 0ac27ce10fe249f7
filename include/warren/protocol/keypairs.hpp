// The sessions of one peer. White paper, section 6.3, and the kernel module's rules: a new session
// that we initiated is proven by the response and is current at once; one that we answered waits as
// `next` until the first authentic packet on it, since only that proves that the response arrived.
#pragma once

#include <array>
#include <memory>

#include <warren/protocol/session.hpp>

namespace warren::protocol {

class Keypairs {
 public:
  /// Sessions that lost their place: the caller takes their indices out of its table and lets them
  /// die.
  using Retired = std::array<std::unique_ptr<Session>, 3>;

  [[nodiscard]] Session* previous() const noexcept { return previous_.get(); }
  [[nodiscard]] Session* current() const noexcept { return current_.get(); }
  [[nodiscard]] Session* next() const noexcept { return next_.get(); }

  [[nodiscard]] Retired add(std::unique_ptr<Session> session) noexcept;
  /// An authentic packet came on `session`. True when that made it the current one.
  [[nodiscard]] bool confirm(const Session& session, Retired& retired) noexcept;
  [[nodiscard]] Retired clear() noexcept;

 private:
  std::unique_ptr<Session> previous_;
  std::unique_ptr<Session> current_;
  std::unique_ptr<Session> next_;
};

}  // namespace warren::protocol
