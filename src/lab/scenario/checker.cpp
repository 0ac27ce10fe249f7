#include "checker.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <variant>

#include <warren/base/error.hpp>
#include <warren/lab/wire_counters.hpp>
#include <warren/system/clock.hpp>
#include <warren/system/netlink.hpp>

#include "command.hpp"
#include "node_files.hpp"
#include "sockets.hpp"
#include "waiting.hpp"

namespace warren::lab {
namespace {

using namespace std::chrono_literals;

constexpr base::Duration kRetryPause = 20ms;

/// Ports outside of the ephemeral ones, a hundred for each expectation: a flow is the same one in
/// every run, and different from every other's.
std::uint16_t source_port(std::size_t index) {
  constexpr std::size_t kFirst = 10000, kEach = 100, kExpectations = 220;
  return static_cast<std::uint16_t>(kFirst + index % kExpectations * kEach);
}

/// Of echo requests: different for probes that run together.
std::uint16_t identifier(std::size_t index) {
  return static_cast<std::uint16_t>(0x5700 + index);
}

UdpProbe udp_pace(const ExpectUdp& asked) {
  UdpProbe probe;
  probe.payload_bytes = std::max(asked.payload_bytes, kLeastUdpPayload);
  double interval_s = 1e-3;  // of a file that names neither rate nor pace
  if (asked.packets_per_s != 0) {
    interval_s = 1 / static_cast<double>(asked.packets_per_s);
  } else if (asked.rate_bps != 0) {
    interval_s = 8.0 * probe.payload_bytes / static_cast<double>(asked.rate_bps);
  }
  probe.interval =
      std::chrono::duration_cast<base::Duration>(std::chrono::duration<double>(interval_s));
  const double duration_s = std::chrono::duration<double>(asked.duration).count();
  probe.count = asked.count.value_or(
      std::max<std::uint64_t>(1, static_cast<std::uint64_t>(duration_s / interval_s)));
  return probe;
}

std::map<std::string, std::uint64_t> wire_counters(const WireCounters& counters) {
  std::map<std::string, std::uint64_t> all;
  each_counter(counters, [&](std::string_view name, std::uint64_t count) {
    all.emplace(std::string(name), count);
  });
  return all;
}

}  // namespace

Checker::Checker(const Topology& topology, World& world, const Wire* wire, std::string executable,
                 const Stop& stop)
    : topology_(topology),
      world_(world),
      wire_(wire),
      executable_(std::move(executable)),
      stop_(stop) {}

ExpectationResult Checker::run(std::size_t index) const {
  const Expectation& expectation = topology_.expectations.at(index);
  ExpectationResult result;
  result.name = expectation.name;
  result.kind = kind_of(expectation.check);
  result.asked = describe(topology_, expectation.check);
  result.place = expectation.place;
  try {
    Finding finding =
        std::visit([&](const auto& asked) { return check(asked, index); }, expectation.check);
    // A probe that was cut short has seen less than it was to see, whatever it says.
    if (stop_.requested()) {
      finding.passed = false;
      finding.message = fmt::format("ended early: {}{}{}", stop_.reason(),
                                    finding.message.empty() ? "" : "; ", finding.message);
    }
    result.outcome = finding.passed ? Outcome::passed : Outcome::failed;
    result.message = std::move(finding.message);
    result.detail = std::move(finding.detail);
    result.figures = std::move(finding.figures);
  } catch (const base::Error& error) {
    result.outcome = Outcome::error;
    result.message = error.hint().empty() ? std::string(error.what())
                                          : fmt::format("{} ({})", error.what(), error.hint());
  } catch (const std::exception& error) {
    result.outcome = Outcome::error;
    result.message = error.what();
  }
  return result;
}

int Checker::netns_of(const Target& target) const {
  if (target.node) return world_.netns(*target.node);
  for (std::uint32_t i = 0; i < topology_.nodes.size(); ++i) {
    for (const Interface& interface : topology_.nodes[i].interfaces) {
      for (const base::InterfaceAddress& each : interface.addresses) {
        if (each.address == target.address) return world_.netns(NodeId(i));
      }
    }
  }
  for (const Tunnel& tunnel : topology_.tunnels) {
    for (const TunnelEnd& end : tunnel.ends) {
      for (const base::InterfaceAddress& each : end.addresses) {
        if (each.address == target.address) return world_.netns(end.node);
      }
    }
  }
  throw base::Error(
      fmt::format("no node of the lab has the address {}", target.address.to_string()),
      "a measurement has to listen there: name a node");
}

template <class Look>
Finding Checker::retry(base::Duration within, Look look) const {
  const base::Instant deadline = system::boot_now() + within;
  while (true) {
    Finding finding = look(deadline);
    const base::Instant now = system::boot_now();
    if (finding.passed || now >= deadline || stop_.requested()) return finding;
    sleep_until(std::min(now + kRetryPause, deadline), stop_);
  }
}

Finding Checker::check(const ExpectPing& asked, std::size_t index) const {
  const PingProbe probe{.netns = world_.netns(asked.from),
                        .to = asked.to.address,
                        .identifier = identifier(index),
                        .payload_bytes = asked.payload_bytes,
                        .dont_fragment = asked.dont_fragment};
  return judge(asked, ping_until_reply(probe, asked.within, stop_));
}

Finding Checker::check(const ExpectRtt& asked, std::size_t index) const {
  const PingProbe probe{.netns = world_.netns(asked.from),
                        .to = asked.to.address,
                        .identifier = identifier(index),
                        .payload_bytes = asked.payload_bytes};
  return judge(asked, ping_series(probe, asked.count, asked.interval, stop_));
}

Finding Checker::check(const ExpectTcp& asked, std::size_t index) const {
  const TcpProbe probe{.from_netns = world_.netns(asked.from),
                       .to_netns = netns_of(asked.to),
                       .to = asked.to.address,
                       .port = asked.port,
                       .source_port = source_port(index),
                       .streams = asked.streams,
                       .duration = asked.duration,
                       .bytes = asked.bytes,
                       .congestion = asked.congestion};
  return judge(asked, measure_tcp(probe, stop_));
}

Finding Checker::check(const ExpectUdp& asked, std::size_t index) const {
  UdpProbe probe = udp_pace(asked);
  probe.from_netns = world_.netns(asked.from);
  probe.to_netns = netns_of(asked.to);
  probe.to = asked.to.address;
  probe.port = asked.port;
  probe.source_port = source_port(index);
  return judge(asked, measure_udp(probe, stop_), topology_.allow_overrun);
}

Finding Checker::check(const ExpectRun& asked, std::size_t) const {
  const auto attempt = [&](base::Instant deadline) {
    CommandOutcome outcome = run_command(world_, asked.node, asked.command, deadline, stop_);
    return judge(asked, {outcome.status, std::move(outcome.out), std::move(outcome.err),
                         outcome.out_discarded, outcome.err_discarded});
  };
  if (!asked.retry) return attempt(system::boot_now() + asked.within);
  Finding last;
  bool has_last = false;
  return retry(asked.within, [&](base::Instant deadline) {
    Finding finding = attempt(deadline);
    // What the time cut short says less than what came before.
    if (!finding.passed && has_last && system::boot_now() >= deadline) return last;
    last = finding;
    has_last = true;
    return finding;
  });
}

Finding Checker::check(const ExpectNoPlaintext& asked, std::size_t index) const {
  PlaintextProbe probe;
  probe.from_netns = world_.netns(asked.from);
  probe.to_netns = netns_of(asked.to);
  probe.to = asked.to.address;
  probe.port = asked.port;
  probe.source_port = source_port(index);
  probe.marker = asked.marker;
  const Link& link = topology_.link(asked.link);
  for (const LinkEnd& end : link.ends) {
    probe.link.push_back({world_.netns(end.node), topology_.interface(end).name});
  }
  return judge(asked, link.name, search_plaintext(probe, stop_));
}

Finding Checker::check(const ExpectRoute& asked, std::size_t) const {
  system::Netlink netlink(world_.netns(asked.node));
  return retry(asked.within, [&](base::Instant) {
    const auto seen = netlink.lookup_route({asked.to.address, 0, 0});
    return judge(asked, seen, seen ? netlink.link(seen->interface_index).name : std::string());
  });
}

Finding Checker::check(const ExpectCounters& asked, std::size_t) const {
  if (!asked.link) {
    return judge(asked, fmt::format("{}:{}", topology_.node(*asked.node).name, asked.interface),
                 interface_counters(world_.netns(*asked.node), asked.interface));
  }
  std::map<std::string, std::uint64_t> sum;
  for (std::uint8_t direction = 0; direction < 2; ++direction) {
    if (asked.direction && *asked.direction != direction) continue;
    for (const auto& [name, value] : wire_counters(wire_->counters(*asked.link, direction))) {
      sum[name] += value;
    }
  }
  return judge(asked, fmt::format("the link {}", topology_.link(*asked.link).name), sum);
}

Finding Checker::check(const ExpectFile& asked, std::size_t) const {
  // Relative to where the lab's programs run.
  const auto path = std::filesystem::absolute(topology_.file.parent_path() / asked.path);
  return retry(asked.within, [&](base::Instant) {
    if (asked.contains || asked.matches) {
      return judge(asked, read_in_node(world_, asked.node, path));
    }
    const bool exists = exists_in_node(world_, asked.node, path);
    return judge(asked, exists ? std::optional(std::string()) : std::nullopt);
  });
}

// ---- tunnels -----------------------------------------------------------------------------------

Finding Checker::check(const ExpectHandshake& asked, std::size_t) const {
  const Tunnel& tunnel = topology_.tunnels.at(asked.tunnel.value());
  std::vector<std::size_t> ends;
  for (std::size_t i = 0; i < tunnel.ends.size(); ++i) {
    if (!asked.node || *asked.node == tunnel.ends[i].node) ends.push_back(i);
  }
  // Nothing but traffic makes WireGuard shake hands.
  for (std::size_t i = 0; i < tunnel.ends.size(); ++i) wake_tunnel(tunnel, i);
  return retry(asked.within, [&](base::Instant deadline) {
    // An answer that takes longer than the expectation is still an answer.
    const base::Instant patience = std::max(deadline, system::boot_now() + 2s);
    std::vector<TunnelSeen> seen;
    seen.reserve(ends.size());
    for (const std::size_t each : ends) {
      seen.push_back(look_at_tunnel(tunnel, each, patience));
    }
    return judge(asked, tunnel.name, seen);
  });
}

/// One datagram to each peer's address in the tunnel, to the discard port (RFC 863).
void Checker::wake_tunnel(const Tunnel& tunnel, std::size_t end) const {
  constexpr std::uint16_t kDiscard = 9;
  for (std::size_t i = 0; i < tunnel.ends.size(); ++i) {
    if (i == end || tunnel.ends[i].addresses.empty()) continue;
    const base::IpAddress& to = tunnel.ends[i].addresses.front().address;
    const base::Fd socket = make_socket(world_.netns(tunnel.ends[end].node), to, SOCK_DGRAM);
    // No way to it yet shows as a session that is missing.
    if (connect_to(socket, to, kDiscard) == 0) {
      static_cast<void>(::send(socket.get(), "", 1, MSG_NOSIGNAL));
    }
  }
}

TunnelSeen Checker::look_at_tunnel(const Tunnel& tunnel, std::size_t end,
                                   base::Instant deadline) const {
  TunnelSeen seen;
  const NodeId node = tunnel.ends[end].node;
  seen.node = topology_.node(node).name;
  const CommandOutcome outcome =
      run_command(world_, node, {executable_, "status", tunnel.name, "--json"}, deadline, stop_,
                  {{"WARREN_RUNTIME_DIR", "/run/warren"}});
  if (!outcome.status || *outcome.status != 0) {
    seen.problem = outcome.err.empty() ? "its status cannot be read"
                                       : outcome.err.substr(0, outcome.err.find('\n'));
    return seen;
  }
  try {
    const auto status = nlohmann::json::parse(outcome.out);
    for (const auto& peer : status.at("peers")) {
      ++seen.peers;
      if (!peer.at("session").get<bool>()) {
        seen.without_session.push_back(peer.at("name").get<std::string>());
      }
    }
  } catch (const nlohmann::json::exception& error) {
    seen.problem = fmt::format("its status is not as expected: {}", error.what());
  }
  return seen;
}

}  // namespace warren::lab
