// From what a probe measured to a verdict with figures and a message that says what was asked and
// what was seen. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <warren/lab/probe.hpp>
#include <warren/lab/result.hpp>
#include <warren/lab/topology.hpp>
#include <warren/system/netlink.hpp>

namespace warren::lab {

struct Finding {
  bool passed = true;
  std::string message;  ///< one line; why it failed
  std::string detail;
  std::vector<Figure> figures;
};

/// Adds a figure. One outside of its bound fails the finding and is named in its message:
/// "p50 82.1 ms, asked for 70ms±4ms".
void judge_figure(Finding& finding, std::string name, double value, std::string unit,
                  const std::optional<Bound>& bound);
/// With its unit, as messages have it: "70.3 ms", "12.4 Mbit/s", "1.5%", "3".
std::string format_figure(double value, const std::string& unit);

Finding judge(const ExpectPing& asked, const PingReport& seen);
Finding judge(const ExpectRtt& asked, const PingReport& seen);
Finding judge(const ExpectTcp& asked, const TcpReport& seen);
/// `allow_overflow`: packets that the probe's own socket dropped do not fail it.
Finding judge(const ExpectUdp& asked, const UdpReport& seen, bool allow_overflow);
Finding judge(const ExpectNoPlaintext& asked, const std::string& link, const PlaintextReport& seen);

/// `interface` is the name of the one that the lookup found.
Finding judge(const ExpectRoute& asked, const std::optional<system::RouteLookup>& seen,
              const std::string& interface);
/// `where`: "alice:eth0", "the link wan"; `seen`: every counter that there is.
Finding judge(const ExpectCounters& asked, const std::string& where,
              const std::map<std::string, std::uint64_t>& seen);
/// `seen`: the file's text; empty: there is none.
Finding judge(const ExpectFile& asked, const std::optional<std::string>& seen);

/// So much of what a command says is kept of each stream.
inline constexpr std::size_t kMostOutput = 1 << 20;

/// What one run of a command came to.
struct CommandSeen {
  std::optional<int> status;  ///< as waitpid(2) gives it; empty: it ran for too long
  std::string out, err;
  std::uint64_t out_discarded = 0, err_discarded = 0;  ///< bytes behind those
};
Finding judge(const ExpectRun& asked, const CommandSeen& seen);

/// One end of a tunnel, as `warren status --json` tells.
struct TunnelSeen {
  std::string node;
  std::vector<std::string> without_session;  ///< names of the peers
  std::size_t peers = 0;
  std::string problem;  ///< not empty: the status could not be read
};
Finding judge(const ExpectHandshake& asked, const std::string& tunnel,
              const std::vector<TunnelSeen>& seen);

/// The check's key in the file: "ping", "rtt", …
std::string kind_of(const Check& check);
/// What is asked, in words: "ping from alice to bob@wr0 within 1 s".
std::string describe(const Topology& topology, const Check& check);

}  // namespace warren::lab
