#include <warren/protocol/session.hpp>

namespace warren::protocol {

Session::Session(const crypto::Aead& aead, const SessionKeys& keys, const Parameters& parameters)
    : send_key_(aead.prepare(keys.send)),
      receive_key_(aead.prepare(keys.receive)),
      local_index_(parameters.local_index),
      remote_index_(parameters.remote_index),
      initiator_(parameters.initiator),
      limits_(parameters.limits),
      created_(parameters.created),
      next_counter_(parameters.first_counter) {}

std::optional<std::uint64_t> Session::take_counters(std::size_t count) noexcept {
  // Not fetch_add: callers that keep trying at the end would make the counter wrap, and a nonce
  // that is used twice gives the keystream away.
  std::uint64_t first = next_counter_.load(std::memory_order_relaxed);
  do {
    if (first >= limits_.reject_after || count > limits_.reject_after - first) return std::nullopt;
  } while (!next_counter_.compare_exchange_weak(first, first + count, std::memory_order_relaxed));
  return first;
}

bool Session::accept_counter(std::uint64_t counter) noexcept {
  return counter < limits_.reject_after && replay_.check_and_set(counter);
}

bool Session::wants_rekey_on_send(base::Instant now) const noexcept {
  return next_counter_.load(std::memory_order_relaxed) > limits_.rekey_after ||
         (initiator_ && now - created_ >= kRekeyAfterTime);
}

bool Session::wants_rekey_on_receive(base::Instant now) const noexcept {
  return initiator_ && now - created_ >= kRekeyOnReceiveAfterTime;
}

}  // namespace warren::protocol
