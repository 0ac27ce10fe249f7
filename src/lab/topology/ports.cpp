#include "ports.hpp"

#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <variant>

namespace warren::lab {
namespace {

// The first ports of TCP's, UDP's and the search's receivers are neighbours: in steps of three they
// never meet.
constexpr unsigned kStep = 3;

/// Where a measurement listens; null for a check that has no receiver.
std::uint16_t* port_of(Check& check) {
  if (auto* const tcp = std::get_if<ExpectTcp>(&check)) return &tcp->port;
  if (auto* const udp = std::get_if<ExpectUdp>(&check)) return &udp->port;
  if (auto* const search = std::get_if<ExpectNoPlaintext>(&check)) return &search->port;
  return nullptr;
}

/// What only one receiver can have at a time. A search writes no port.
using Socket = std::tuple<bool, base::IpAddress, std::uint16_t>;
std::optional<Socket> socket_of(const Check& check) {
  if (const auto* tcp = std::get_if<ExpectTcp>(&check)) {
    return Socket{true, tcp->to.address, tcp->port};
  }
  if (const auto* udp = std::get_if<ExpectUdp>(&check)) {
    return Socket{false, udp->to.address, udp->port};
  }
  return {};
}

}  // namespace

void give_ports(std::span<Expectation> group, std::span<const Fields> checks) {
  std::map<Socket, config::Position> written;
  std::set<unsigned> taken;
  for (std::size_t i = 0; i < group.size(); ++i) {
    const auto socket = socket_of(group[i].check);
    if (!socket || !checks[i].has("port")) continue;
    taken.insert(std::get<std::uint16_t>(*socket));
    const auto [other, is_new] = written.emplace(*socket, checks[i].at("port"));
    if (is_new) continue;
    checks[i].fail("port",
                   fmt::format("the expectation of line {} runs at the same time and has it",
                               other->second.line),
                   "another one; without `port` each gets one of its own");
  }
  std::map<unsigned, unsigned> next;  // by the port of the first
  for (std::size_t i = 0; i < group.size(); ++i) {
    std::uint16_t* const port = port_of(group[i].check);
    if (port == nullptr || checks[i].has("port")) continue;
    unsigned& candidate = next.try_emplace(*port, *port).first->second;
    while (taken.contains(candidate)) candidate += kStep;
    if (candidate > UINT16_MAX) {
      checks[i].source().fail(checks[i].at(),
                              "more expectations run at the same time than there are ports",
                              "leave out `together = true` here");
    }
    *port = static_cast<std::uint16_t>(candidate);
    candidate += kStep;
  }
}

}  // namespace warren::lab
