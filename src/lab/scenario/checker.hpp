// Runs expectations: from what the file asks to a probe in the nodes, and to a result.
#pragma once

#include <cstddef>
#include <string>

#include <warren/lab/probe.hpp>
#include <warren/lab/result.hpp>
#include <warren/lab/topology.hpp>
#include <warren/lab/wire.hpp>
#include <warren/lab/world.hpp>

#include "judge.hpp"

namespace warren::lab {

class Checker {
 public:
  /// Borrows everything; `wire` may be null. `executable`: this program, to ask tunnels.
  Checker(const Topology& topology, World& world, const Wire* wire, std::string executable,
          const Stop& stop);

  /// Runs the expectation with this index; any thread. `began` and `took` are not set. Never
  /// throws: what a probe cannot do is Outcome::error.
  [[nodiscard]] ExpectationResult run(std::size_t index) const;

  Finding check(const ExpectPing& asked, std::size_t index) const;
  Finding check(const ExpectRtt& asked, std::size_t index) const;
  Finding check(const ExpectTcp& asked, std::size_t index) const;
  Finding check(const ExpectUdp& asked, std::size_t index) const;
  Finding check(const ExpectRun& asked, std::size_t index) const;
  Finding check(const ExpectNoPlaintext& asked, std::size_t index) const;
  Finding check(const ExpectRoute& asked, std::size_t index) const;
  Finding check(const ExpectHandshake& asked, std::size_t index) const;
  Finding check(const ExpectCounters& asked, std::size_t index) const;
  Finding check(const ExpectFile& asked, std::size_t index) const;

 private:
  /// The namespace that has the target's address. Throws base::Error when no node has it.
  [[nodiscard]] int netns_of(const Target& target) const;
  [[nodiscard]] TunnelSeen look_at_tunnel(const Tunnel& tunnel, std::size_t end,
                                          base::Instant deadline) const;
  void wake_tunnel(const Tunnel& tunnel, std::size_t end) const;
  /// `look` again and again until its finding has passed or the time is over.
  template <class Look>
  Finding retry(base::Duration within, Look look) const;

  const Topology& topology_;
  World& world_;
  const Wire* wire_;
  std::string executable_;
  const Stop& stop_;
};

}  // namespace warren::lab
