#include <utility>

#include <warren/protocol/keypairs.hpp>

namespace warren::protocol {

Keypairs::Retired Keypairs::add(std::unique_ptr<Session> session) noexcept {
  Retired retired;
  if (session->initiator()) {
    // The peer may have begun to send on a session that it initiated meanwhile: keep that one
    // rather than the older current one.
    retired[0] = std::exchange(previous_, next_ ? std::move(next_) : std::move(current_));
    retired[1] = std::exchange(current_, std::move(session));
  } else {
    // An unconfirmed session is only ever replaced by another; what we send with stays.
    retired[0] = std::move(previous_);
    retired[1] = std::exchange(next_, std::move(session));
  }
  return retired;
}

bool Keypairs::confirm(const Session& session, Retired& retired) noexcept {
  if (next_.get() != &session) return false;
  retired[0] = std::exchange(previous_, std::move(current_));
  current_ = std::move(next_);
  return true;
}

Keypairs::Retired Keypairs::clear() noexcept {
  return {std::move(previous_), std::move(current_), std::move(next_)};
}

}  // namespace warren::protocol
