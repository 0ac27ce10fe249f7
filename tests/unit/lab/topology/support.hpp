// What the topology's tests share: parsing without a file, the error of a refused one, and a node's
// addresses and routes as text.
#pragma once

#include <fmt/core.h>

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <string_view>
#include <vector>

#include <warren/config/model.hpp>
#include <warren/lab/topology.hpp>

namespace warren::lab::test {

inline Topology parse(std::string_view text) {
  return parse_topology(text, "test.toml", false);
}

/// The error that parsing ends in; fails the test when there is none.
inline config::ConfigError parse_error(std::string_view text) {
  try {
    parse(text);
  } catch (const config::ConfigError& error) {
    return error;
  }
  FAIL("no ConfigError was thrown for:\n" << text);
  return config::ConfigError({}, {});
}

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

inline const Node& node(const Topology& topology, std::string_view name) {
  const auto id = topology.find_node(name);
  if (!id) FAIL("there is no node " << name);
  return topology.node(*id);
}

inline const Link& link(const Topology& topology, std::string_view name) {
  const auto id = topology.find_link(name);
  if (!id) FAIL("there is no link " << name);
  return topology.link(*id);
}

/// "eth0 10.0.0.1/24 fd00::1/64", one line for each interface.
inline std::string addresses(const Topology& topology, std::string_view name) {
  std::string text;
  for (const Interface& interface : node(topology, name).interfaces) {
    text += (text.empty() ? "" : "\n") + interface.name;
    for (const auto& address : interface.addresses) text += ' ' + address.to_string();
  }
  return text;
}

/// "10.9.0.0/24 via 10.0.0.1 dev eth0 metric 50", one line for each route.
inline std::string routes(const Topology& topology, std::string_view name) {
  std::string text;
  for (const StaticRoute& route : node(topology, name).routes) {
    if (!text.empty()) text += '\n';
    text += route.network.prefix() == 0 ? "default" : route.network.to_string();
    if (route.gateway) text += " via " + route.gateway->to_string();
    text += " dev " + route.interface;
    if (route.metric != 0) text += fmt::format(" metric {}", route.metric);
  }
  return text;
}

}  // namespace warren::lab::test
