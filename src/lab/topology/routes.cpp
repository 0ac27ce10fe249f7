// Routes: what nodes write, and static shortest paths to everything else.
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "draft.hpp"
#include "reach.hpp"
#include "structure.hpp"
#include "subnets.hpp"

namespace warren::lab {
namespace {

using base::Family;
using base::IpAddress;
using base::IpNetwork;
using config::in_quotes;

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

/// "10.9.0.0/24 via gate dev eth0 metric 50", split.
struct WrittenRoute {
  std::string_view network, via, dev, metric;
};

class RouteReader {
 public:
  RouteReader(const Draft& draft, const Fields& fields, const Node& node)
      : draft_(draft), fields_(fields), node_(node) {}

  StaticRoute read(const std::string& text, config::Position at) {
    at_ = at;
    const WrittenRoute written = split(text);
    StaticRoute route;
    const bool is_default = written.network == "default";
    if (!is_default) {
      route.network = fields_.take("routes", at, config::parse_network(written.network));
    }
    if (!written.dev.empty()) find_interface(written.dev);
    route.interface = written.dev;
    if (!written.via.empty()) {
      std::optional<Family> family;
      if (!is_default) family = route.network.address().family();
      set_gateway(route, written.via, family);
      if (is_default) route.network = IpNetwork(IpAddress::any(route.gateway->family()), 0);
    } else if (is_default) {
      route.network = IpNetwork(IpAddress::any(Family::v4), 0);
    }
    if (!written.metric.empty()) route.metric = metric_of(written.metric);
    return route;
  }

 private:
  [[noreturn]] void fail(std::string message, std::string hint) const {
    fields_.fail(at_, "routes", {std::move(message), std::move(hint)});
  }

  WrittenRoute split(const std::string& text) const {
    constexpr std::string_view kHint =
        "for example \"10.9.0.0/24 via gate dev eth0 metric 50\" or \"default via 10.0.0.1\"";
    const std::vector<std::string_view> words = words_of(text);
    if (words.empty()) fail("the route is empty", std::string(kHint));
    WrittenRoute route;
    route.network = words[0];
    for (std::size_t i = 1; i < words.size(); i += 2) {
      std::string_view* part = words[i] == "via"      ? &route.via
                               : words[i] == "dev"    ? &route.dev
                               : words[i] == "metric" ? &route.metric
                                                      : nullptr;
      if (part == nullptr) {
        fail(fmt::format("{} is no part of a route", in_quotes(words[i])), std::string(kHint));
      }
      if (i + 1 == words.size() || !part->empty()) {
        fail(fmt::format("{} needs one value", in_quotes(words[i])), std::string(kHint));
      }
      *part = words[i + 1];
    }
    if (route.via.empty() && route.dev.empty()) {
      fail(fmt::format("{} says neither `via` nor `dev`", in_quotes(text)), std::string(kHint));
    }
    return route;
  }

  const Interface& find_interface(std::string_view name) const {
    const auto found = std::ranges::find(node_.interfaces, name, &Interface::name);
    if (found != node_.interfaces.end()) return *found;
    if (draft_.tunnels.contains(name)) {
      fail(fmt::format("{} is a tunnel, which comes up after the routes", in_quotes(name)),
           "write the network into `subnets` of the [[tunnel]]: its daemon makes the route");
    }
    std::vector<std::string_view> names;
    names.reserve(node_.interfaces.size());
    for (const Interface& interface : node_.interfaces) names.push_back(interface.name);
    fail_unknown(draft_.source, at_, "routes", fmt::format("interface of {}", node_.name), name,
                 names);
  }

  /// The interface through which the node reaches the address without a gateway.
  const Interface* on_link(const IpAddress& address, std::string_view dev) const {
    for (const Interface& interface : node_.interfaces) {
      if (!dev.empty() && interface.name != dev) continue;
      for (const auto& own : interface.addresses) {
        if (own.network().contains(address) && own.address != address) return &interface;
      }
    }
    return nullptr;
  }

  void set_gateway(StaticRoute& route, std::string_view via, std::optional<Family> family) const {
    if (const auto address = IpAddress::parse(via)) {
      if (family && address->family() != *family) {
        fail(
            fmt::format("{} is not of the family of {}", in_quotes(via), route.network.to_string()),
            {});
      }
      const Interface* interface = on_link(*address, route.interface);
      if (interface == nullptr) {
        fail(fmt::format("{} is not in a network of {}{}{}", via, node_.name,
                         route.interface.empty() ? "" : " on ", route.interface),
             "a gateway is a neighbour: an address in the network of one of its interfaces");
      }
      route.gateway = address;
      route.interface = interface->name;
      return;
    }
    const Node& gateway = draft_.topology.node(draft_.find_host("routes", via, at_));
    for (const Interface& interface : gateway.interfaces) {
      for (const auto& address : interface.addresses) {
        if (family && address.address.family() != *family) continue;
        const Interface* own = on_link(address.address, route.interface);
        if (own == nullptr) continue;
        route.gateway = address.address;
        route.interface = own->name;
        return;
      }
    }
    fail(fmt::format("{} and {} have no network in common{}{}", node_.name, gateway.name,
                     route.interface.empty() ? "" : " on ", route.interface),
         "a gateway is a neighbour");
  }

  std::uint32_t metric_of(std::string_view text) const {
    std::uint32_t metric = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), metric);
    if (error != std::errc() || end != text.data() + text.size()) {
      fail(fmt::format("{} is no metric", in_quotes(text)), "a number from 0 to 4294967295");
    }
    return metric;
  }

  const Draft& draft_;
  const Fields& fields_;
  const Node& node_;
  config::Position at_;
};

void read_written(Draft& draft) {
  for (std::size_t n = 0; n < draft.topology.nodes.size(); ++n) {
    Node& node = draft.topology.nodes[n];
    const Fields& fields = draft.node_drafts[n].fields;
    for (const auto& [text, at] : fields.texts("routes")) {
      StaticRoute route = RouteReader(draft, fields, node).read(text, at);
      const bool is_twice = std::ranges::any_of(node.routes, [&](const StaticRoute& known) {
        return known.network == route.network && known.metric == route.metric;
      });
      if (is_twice) {
        fields.fail(at, "routes",
                    {fmt::format("there are two routes to {} with the same metric",
                                 route.network.to_string()),
                     "give them different metrics: the lower one is preferred"});
      }
      node.routes.push_back(std::move(route));
    }
  }
}

/// Adds the computed routes of one node, of one family.
void add_routes(const Topology& topology, Reach& reach, NodeId id, Family family,
                std::vector<StaticRoute>& routes) {
  const Node& node = topology.node(id);
  const std::size_t written = routes.size();
  const auto add = [&](const IpNetwork& network, const Way& way) {
    const bool is_written =
        std::any_of(routes.begin(), routes.begin() + static_cast<std::ptrdiff_t>(written),
                    [&](const StaticRoute& route) { return route.network == network; });
    if (is_written) return;
    routes.push_back({.network = network,
                      .gateway = way.gateway,
                      .interface = node.interfaces[way.interface].name,
                      .metric = 0});
  };
  std::vector<IpNetwork> destinations;
  for (const IpNetwork& network : reach.networks()) {
    if (network.address().family() == family) destinations.push_back(network);
  }
  for (const Tunnel& tunnel : topology.tunnels) {
    for (const auto& address : tunnel.ends.front().addresses) {
      if (address.address.family() == family) destinations.push_back(address.network());
    }
  }
  std::vector<std::pair<IpNetwork, Way>> hidden;
  for (const IpNetwork& network : destinations) {
    const auto way = reach.way(id, network);
    if (!way || way->distance == 0 || way->by_tunnel) continue;
    if (way->through_nat) {
      hidden.emplace_back(network, *way);
    } else {
      add(network, *way);
    }
  }
  if (hidden.empty()) return;
  // Behind a NAT is the rest of the world: the nearest one is the default.
  const Way nearest = std::ranges::min_element(hidden, {}, [](const auto& each) {
                        return each.second.distance;
                      })->second;
  add(IpNetwork(IpAddress::any(family), 0), nearest);
  for (const auto& [network, way] : hidden) {
    if (way.gateway != nearest.gateway) add(network, way);
  }
}

}  // namespace

void compute_routes(Draft& draft) {
  read_written(draft);
  if (!draft.compute_routes) return;
  Reach reach(draft.topology);
  for (std::uint32_t n = 0; n < draft.topology.nodes.size(); ++n) {
    for (const Family family : {Family::v4, Family::v6}) {
      add_routes(draft.topology, reach, NodeId(n), family, draft.topology.nodes[n].routes);
    }
  }
}

}  // namespace warren::lab
