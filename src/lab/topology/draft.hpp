// A topology on its way: what was read so far, what names mean, and the places of what can only be
// checked when all is known. Each step of load.cpp adds its part.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <warren/config/document.hpp>
#include <warren/config/source.hpp>
#include <warren/lab/topology.hpp>

#include "fields.hpp"
#include "impairment.hpp"

namespace warren::lab {

template <class T>
using ByName = std::map<std::string, T, std::less<>>;

/// [lab] ipv4 and ipv6: where subnets are taken from.
struct Pool {
  base::IpNetwork network;
  config::Position at;
  base::IpAddress next;  ///< the first address that was not given out
  bool exhausted = false;
};

/// What a node wrote and what is understood later.
struct NodeDraft {
  Fields fields;
  config::Position at;
  Placed<std::string> outside;
};

/// One end as written.
struct EndDraft {
  std::string interface;  ///< may be empty: the next ethN
  config::Position at;
};

struct LinkDraft {
  Fields fields;
  std::array<EndDraft, 2> ends;
  std::vector<Placed<base::IpNetwork>> subnets;
  bool has_addresses = false;
  std::array<std::vector<Placed<base::InterfaceAddress>>, 2> addresses;
  std::optional<Placed<bool>> wired;
  bool chosen_name = false;  ///< `name` was given
};

struct Draft {
  Draft(const config::Source& source_, const config::Table& document_, TraceFiles files_)
      : source(source_), document(source_, document_, {}), files(std::move(files_)) {}

  const config::Source& source;
  Fields document;
  TraceFiles files;
  Topology topology;

  bool compute_routes = true;
  std::optional<Pool> ipv4, ipv6;
  ByName<Impairment> profiles;
  ByName<NodeId> nodes;
  ByName<std::vector<NodeId>> groups;  ///< nodes made by `count`, by the name that they share
  ByName<LinkId> links;
  ByName<TunnelId> tunnels;
  std::vector<NodeDraft> node_drafts;  ///< as Topology::nodes
  std::vector<LinkDraft> link_drafts;  ///< as Topology::links
  /// Networks that are in use, with the place where each was written or given out.
  std::vector<Placed<base::IpNetwork>> networks;
  std::map<base::IpAddress, config::Position> addresses;
  ByName<config::Position> logs;  ///< of programs and of tunnels' ends: "NODE.NAME"

  [[nodiscard]] Node& node(NodeId id) { return topology.nodes.at(id.value()); }
  [[nodiscard]] Link& link(LinkId id) { return topology.links.at(id.value()); }

  /// What the key names; complains at its place, with the nearest name.
  [[nodiscard]] NodeId node_of(const Fields& fields, std::string_view key) const;
  [[nodiscard]] NodeId find_node(std::string_view key, std::string_view name,
                                 config::Position at) const;
  [[nodiscard]] LinkId link_of(const Fields& fields, std::string_view key) const;
  /// As node_of, but no switch: it has no address and runs nothing.
  [[nodiscard]] NodeId host_of(const Fields& fields, std::string_view key) const;
  [[nodiscard]] NodeId find_host(std::string_view key, std::string_view name,
                                 config::Position at) const;
  /// A name for a new thing: valid and not taken. `kind`: "node".
  void check_new_name(const std::string& name, config::Position at, std::string_view key) const;

  /// The node runs something of that name, and a file of that name holds what it says. Complains of
  /// `key` where another has that file.
  void take_log(const Fields& fields, std::string_view key, const Node& node,
                std::string_view name);

  /// The link's settings need frames to be looked at one by one: it goes through the wire.
  /// Complains where the link says `wired = false`; `why`: "it is impaired".
  void require_wire(LinkId id, std::string_view why);
};

/// The keys of a map, for messages.
template <class T>
std::vector<std::string_view> names_of(const ByName<T>& map) {
  std::vector<std::string_view> names;
  for (const auto& [name, value] : map) names.push_back(name);
  return names;
}

/// The hint for what would come, or end, when the scenario is over.
inline constexpr const char* kRaiseTimeout =
    "raise `timeout` in [lab], which is \"60s\" by default";

// The steps, in this order.
void read_lab(Draft& draft, const std::filesystem::path& file);
void read_profiles(Draft& draft);
void read_nodes(Draft& draft);
void read_links(Draft& draft);
/// Complains where links between switches form a ring: a broadcast would go around for ever.
void refuse_loops(const Draft& draft);
/// After the links, whose interfaces they name.
void read_programs(Draft& draft);
void give_addresses(Draft& draft);
void read_tunnels(Draft& draft);
void compute_routes(Draft& draft);
void read_events(Draft& draft);
void read_expectations(Draft& draft);

}  // namespace warren::lab
