// Peers whose endpoints are given by name: resolved without holding up anything, again when
// handshakes go unanswered, and again after a while when resolving failed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include <warren/base/ip.hpp>
#include <warren/base/time.hpp>
#include <warren/config/model.hpp>
#include <warren/crypto/keys.hpp>
#include <warren/system/resolver.hpp>

#include "daemon.hpp"

namespace warren::cli {

class EndpointNames {
 public:
  /// A peer's name is asked for at most this often when its handshakes go unanswered.
  static constexpr base::Duration kAskAgainAfter = std::chrono::seconds(15);
  /// The pause after a failure; it doubles up to the maximum.
  static constexpr base::Duration kFirstPause = std::chrono::seconds(2);
  static constexpr base::Duration kLongestPause = std::chrono::seconds(60);

  /// Borrows `daemon`. `resolved` is told each answer.
  EndpointNames(Daemon& daemon,
                std::function<void(const crypto::PublicKey&, const base::Endpoint&)> resolved);
  EndpointNames(const EndpointNames&) = delete;
  EndpointNames& operator=(const EndpointNames&) = delete;
  ~EndpointNames();

  /// From now on the peer's endpoint is this name; asks for it at once.
  void add(const crypto::PublicKey& key, const config::HostPort& name);
  void remove(const crypto::PublicKey& key);
  /// A handshake with the peer went unanswered.
  void unanswered(const crypto::PublicKey& key);

 private:
  struct Entry {
    config::HostPort name;
    std::optional<std::uint64_t> token;  // of the question that is being answered
    base::Instant asked;
    base::Duration pause = kFirstPause;
  };

  void ask(const crypto::PublicKey& key, Entry& entry);
  void take_answers();
  void ask_again_later(const crypto::PublicKey& key, Entry& entry);

  Daemon& daemon_;
  std::function<void(const crypto::PublicKey&, const base::Endpoint&)> resolved_;
  system::Resolver resolver_;
  std::uint32_t watch_ = 0;
  std::uint64_t next_token_ = 0;
  std::map<crypto::PublicKey, Entry> entries_;
};

}  // namespace warren::cli
