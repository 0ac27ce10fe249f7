// Host names to endpoints without blocking the caller: getaddrinfo(3) in one helper thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <warren/base/ip.hpp>

namespace warren::system {

struct Resolved {
  std::uint64_t token = 0;
  /// The first of getaddrinfo's results, which are sorted as RFC 6724 says: addresses that this
  /// machine cannot reach come last.
  std::optional<base::Endpoint> endpoint;
  std::string error;  ///< why there is none; empty otherwise
};

/// Requests are answered in order, one at a time. All functions from one thread.
///
/// A getaddrinfo call that waits for a dead name server cannot be cancelled. Destruction does not
/// wait for it: the thread is then left to end by itself, holding nothing but memory of its own; it
/// never touches this object again. At most one thread per destroyed resolver lingers, for as long
/// as resolv.conf(5) lets a query last.
class Resolver {
 public:
  /// Throws SystemError. The thread starts with the first request and has all signals blocked.
  Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  ~Resolver();

  /// Readable when there are answers to drain.
  [[nodiscard]] int fd() const noexcept;
  /// `host` is a name or an address literal (a scope is allowed: "fe80::1%eth0"); never blocks.
  void resolve(std::uint64_t token, std::string host, std::uint16_t port);
  /// Takes the answers that are there, oldest first; never blocks.
  std::vector<Resolved> drain();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace warren::system
