#include "hosts.hpp"

#include <fmt/format.h>  // core.h declares format_to so that clang cannot link it

#include <iterator>
#include <vector>

namespace warren::lab {
namespace {

using Addresses = std::vector<base::InterfaceAddress>;

void add_line(std::string& text, const base::IpAddress& address, const std::string& names) {
  fmt::format_to(std::back_inserter(text), "{} {}\n", address.to_string(), names);
}

/// Remembers which families the node's own name has an address of already.
struct Names {
  bool v4 = false;
  bool v6 = false;

  void add(std::string& text, const std::string& node, const std::string& interface,
           const Addresses& addresses, bool own_name) {
    for (const auto& [address, prefix] : addresses) {
      bool& known = address.is_v4() ? v4 : v6;
      const auto full = fmt::format("{}.{}", interface, node);
      add_line(text, address, own_name && !known ? fmt::format("{} {}", node, full) : full);
      known = known || own_name;
    }
  }
};

}  // namespace

std::string hosts_text(const Topology& topology) {
  std::string text = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n";
  for (const Node& node : topology.nodes) {
    Names names;
    for (const Interface& interface : node.interfaces) {
      names.add(text, node.name, interface.name, interface.addresses, true);
    }
  }
  for (const Tunnel& tunnel : topology.tunnels) {
    for (const TunnelEnd& end : tunnel.ends) {
      Names names;
      names.add(text, topology.node(end.node).name, tunnel.name, end.addresses, false);
    }
  }
  return text;
}

}  // namespace warren::lab
