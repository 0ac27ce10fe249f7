// Session indices: what the peer on the other side names a session or a handshake of ours by.
#pragma once

#include <cstdint>
#include <unordered_map>

#include <warren/crypto/random.hpp>
#include <warren/protocol/ids.hpp>

namespace warren::protocol {

struct Peer;
class Session;

/// One thread.
class IndexTable {
 public:
  struct Entry {
    Peer* peer = nullptr;
    /// Null while the index names a handshake of that peer.
    Session* session = nullptr;
  };

  /// Picks a random index that is not in use.
  SessionIndex insert(const crypto::RandomSource& random, const Entry& entry) {
    std::uint32_t value = 0;
    random.fill(std::as_writable_bytes(std::span(&value, 1)));
    while (entries_.contains(value)) ++value;
    entries_.emplace(value, entry);
    return SessionIndex(value);
  }
  void set_session(SessionIndex index, Session* session) noexcept {
    entries_.at(index.value()).session = session;
  }
  void erase(SessionIndex index) noexcept { entries_.erase(index.value()); }
  [[nodiscard]] const Entry* find(SessionIndex index) const noexcept {
    const auto found = entries_.find(index.value());
    return found == entries_.end() ? nullptr : &found->second;
  }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

 private:
  std::unordered_map<std::uint32_t, Entry> entries_;
};

}  // namespace warren::protocol
