// Any bytes as a lab: they parse, or they throw base::Error, and nothing else happens. What was
// accepted holds what the header promises.
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include <warren/base/assert.hpp>
#include <warren/base/error.hpp>
#include <warren/lab/topology.hpp>

namespace {

using namespace warren;

void check_node(const lab::Topology& topology, const lab::Node& node,
                std::set<base::IpAddress>& addresses) {
  std::set<std::string> names;
  for (const lab::Interface& interface : node.interfaces) {
    WARREN_ASSERT(!interface.name.empty() && interface.name.size() <= 15, "{}", interface.name);
    WARREN_ASSERT(names.insert(interface.name).second, "two interfaces {}", interface.name);
    WARREN_ASSERT(node.kind != lab::NodeKind::bridge || interface.addresses.empty(),
                  "the switch {} has an address", node.name);
    for (const auto& address : interface.addresses) {
      WARREN_ASSERT(addresses.insert(address.address).second, "{} is given out twice",
                    address.to_string());
    }
    static_cast<void>(topology.link(interface.link));
  }
  for (const lab::StaticRoute& route : node.routes) {
    WARREN_ASSERT(names.contains(route.interface), "a route leaves by {}", route.interface);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const lab::Topology topology = lab::parse_topology(text, "fuzz.toml", false);
    std::set<base::IpAddress> addresses;
    for (const lab::Node& node : topology.nodes) check_node(topology, node, addresses);
    for (const lab::Link& link : topology.links) {
      WARREN_ASSERT(link.wired || (link.settings[0].passes_all() && link.settings[1].passes_all()),
                    "{} is impaired and not wired", link.name);
      static_cast<void>(lab::describe(link.settings[0]));
    }
    for (const lab::Tunnel& tunnel : topology.tunnels) {
      for (const lab::TunnelEnd& end : tunnel.ends) {
        WARREN_ASSERT(end.reached_at.size() == tunnel.ends.size(), "{}", tunnel.name);
        for (const auto& address : end.addresses) {
          WARREN_ASSERT(addresses.insert(address.address).second, "{} is given out twice",
                        address.to_string());
        }
      }
    }
  } catch (const base::Error& error) {
    const std::string_view what = error.what();
    WARREN_ASSERT(what.starts_with("fuzz.toml:"), "{}", what);
    WARREN_ASSERT(what.find('\0') == what.npos && what.find('\x1b') == what.npos, "{}", what);
  }
  return 0;
}
