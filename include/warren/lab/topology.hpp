// A lab after validation: nodes, links, tunnels, what happens when, and what is expected. Plain
// values, made from a TOML file without looking at the machine; every reference is an index, every
// address is given out. The format: docs/LAB.md and docs/lab.schema.json.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <warren/base/ip.hpp>
#include <warren/base/strong_id.hpp>
#include <warren/base/time.hpp>
#include <warren/impair/settings.hpp>

namespace warren::lab {

struct NodeIdTag;
struct LinkIdTag;
struct TunnelIdTag;
/// Indices into Topology::nodes, links, tunnels.
using NodeId = base::StrongId<NodeIdTag, std::uint32_t>;
using LinkId = base::StrongId<LinkIdTag, std::uint32_t>;
using TunnelId = base::StrongId<TunnelIdTag, std::uint32_t>;

/// Where in the file something was written: for messages and annotations. Counts from 1.
struct Place {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
};

enum class NodeKind : std::uint8_t {
  host,    ///< does not forward
  router,  ///< forwards
  nat,     ///< forwards, and hides what leaves by its outside interface behind its address
  bridge,  ///< kind = "switch": joins its links on layer 2, has no address
};
/// As a lab's file writes them, by NodeKind.
inline constexpr std::array<std::string_view, 4> kNodeKinds{"host", "router", "nat", "switch"};
constexpr std::string_view identifier(NodeKind kind) {
  return kNodeKinds.at(static_cast<std::size_t>(kind));
}

/// When a program counts as ready.
struct Readiness {
  enum class Kind : std::uint8_t { started, tcp, udp, log, file, command };
  Kind kind = Kind::started;
  std::uint16_t port = 0;  ///< tcp, udp: somebody listens on it in the node
  std::string text;        ///< log: a lab::Pattern; file: a path; command: exits with 0
  base::Duration within = std::chrono::seconds(10);
};

/// A program that runs in a node for the whole test.
struct Program {
  std::string name;  ///< unique in its node
  /// With one element a line for /bin/sh -c, else the program and its arguments.
  std::vector<std::string> command;
  std::map<std::string, std::string> environment;  ///< besides the lab's own
  Readiness ready;
  Place place;
};

struct XdpProgram {
  std::string interface;
  /// An ELF file, as written: relative to the lab's file, else to a folder of $WARREN_LAB_PATH.
  std::filesystem::path object;
  std::string section = "xdp";
};

/// An interface of a node on a link.
struct Interface {
  std::string name;  ///< at most 15 characters
  LinkId link;
  std::uint8_t end = 0;  ///< of the link: 0 or 1
  base::MacAddress mac;  ///< locally administered, the same in every run
  std::uint32_t mtu = 1500;
  std::vector<base::InterfaceAddress> addresses;
};

struct StaticRoute {
  base::IpNetwork network;
  std::optional<base::IpAddress> gateway;
  std::string interface;     ///< where it leaves
  std::uint32_t metric = 0;  ///< 0: the kernel's choice
};

struct Node {
  std::string name;
  NodeKind kind = NodeKind::host;
  std::string outside;  ///< nat: the interface that hides the others
  std::vector<Interface> interfaces;
  std::vector<StaticRoute> routes;             ///< written ones, then the computed ones
  std::map<std::string, std::string> sysctls;  ///< "net.ipv4.tcp_congestion_control"
  std::vector<Program> programs;
  std::optional<XdpProgram> xdp;
  Place place;
};

struct LinkEnd {
  NodeId node;
  std::uint32_t interface = 0;  ///< index into the node's interfaces
};

struct Link {
  std::string name;  ///< unique; "alice-gate" when not given
  std::array<LinkEnd, 2> ends;
  /// 0: from ends[0] to ends[1]; 1: back.
  std::array<impair::Settings, 2> settings;
  /// Carried by Warren's wire (a pair of TAP devices) and so impaired, changed and captured frame
  /// by frame; else a veth pair.
  bool wired = false;
  Place place;
};

struct TunnelEnd {
  NodeId node;
  std::vector<base::InterfaceAddress> addresses;  ///< of the tunnel's interface
  std::vector<base::IpNetwork> subnets;           ///< behind this end, besides its addresses
  /// For each of Tunnel::ends: where that end reaches this one outside the tunnel. Empty where it
  /// does not (this one is behind a NAT, and has to begin), and where the two are no peers.
  std::vector<std::optional<base::IpAddress>> reached_at;
  std::uint16_t port = 51820;
};

/// Warren's daemon in each of the nodes, every end a peer of every other, or of the hub only.
struct Tunnel {
  std::string name;  ///< of the interface in each node
  std::vector<TunnelEnd> ends;
  std::optional<std::uint32_t> hub;  ///< index into ends
  bool ethernet = false;             ///< TAP instead of TUN
  std::string cipher = "chacha20-poly1305";
  std::optional<std::uint32_t> mtu;
  std::uint16_t persistent_keepalive_s = 0;
  Place place;
};

// ---- what happens: [[at]] ----------------------------------------------------------------------

/// The link's settings become these, in the directions given.
struct ChangeLink {
  LinkId link;
  std::array<std::optional<impair::Settings>, 2> settings;
};
struct RunCommand {
  NodeId node;
  std::vector<std::string> command;  ///< as Program::command; not waited for
};
/// A signal for a program of the node: "TERM", "KILL", "HUP", …; or its start again.
struct SignalProgram {
  NodeId node;
  std::string program;
  int signal_number = 0;  ///< 0: start it again
};

struct Event {
  base::Duration at{};  ///< since the scenario began
  std::variant<ChangeLink, RunCommand, SignalProgram> action;
  Place place;
};

// ---- what must be true: [[expect]] -------------------------------------------------------------

/// "70ms±4ms", "<80ms", ">=10", "0.5%..1.5%", "3": in the base unit of the quantity (seconds, bits
/// per second, a share of 1, a count).
struct Bound {
  std::optional<double> least;
  std::optional<double> most;
  std::string text;  ///< as written
  [[nodiscard]] bool contains(double value) const noexcept {
    return (!least || value >= *least) && (!most || value <= *most);
  }
};

/// "bob", "bob@wr0", "bob/6", "10.0.0.7": resolved to an address. Of a node's addresses the IPv4
/// ones come first; then the one with the fewest nodes on the way from the sender, outside tunnels;
/// then the first in the file's order.
struct Target {
  std::string text;            ///< as written
  std::optional<NodeId> node;  ///< empty for an address of no node
  base::IpAddress address;
};

struct ExpectPing {
  NodeId from;
  Target to;
  base::Duration within = std::chrono::seconds(1);
  bool reachable = true;  ///< false: no reply for the whole of `within`
  std::uint32_t payload_bytes = 56;
  bool dont_fragment = false;
};
struct ExpectRtt {
  NodeId from;
  Target to;
  std::uint32_t count = 20;
  base::Duration interval = std::chrono::milliseconds(10);
  std::uint32_t payload_bytes = 56;
  std::optional<Bound> min, p50, p90, p99, max;  ///< seconds
  std::optional<Bound> loss;                     ///< share of 1
};
struct ExpectTcp {
  NodeId from;
  Target to;
  base::Duration duration = std::chrono::seconds(2);
  std::optional<std::uint64_t> bytes;  ///< instead of a duration
  std::uint32_t streams = 1;
  std::uint16_t port = 5201;
  std::optional<Bound> rate;  ///< bits of payload per second; from at_least, at_most, rate
  std::string congestion;     ///< empty: the kernel's
};
struct ExpectUdp {
  NodeId from;
  Target to;
  base::Duration duration = std::chrono::seconds(2);
  std::optional<std::uint64_t> count;  ///< packets, instead of a duration
  std::uint64_t rate_bps = 0;          ///< of payload
  std::uint64_t packets_per_s = 0;     ///< instead of rate_bps
  std::uint32_t payload_bytes = 1200;
  std::uint16_t port = 5202;
  std::optional<Bound> rate;        ///< received, bits of payload per second
  std::optional<Bound> loss;        ///< share of 1
  std::optional<Bound> reordered;   ///< share of 1
  std::optional<Bound> duplicated;  ///< share of 1
};
struct ExpectRun {
  NodeId node;
  std::vector<std::string> command;  ///< as Program::command
  int exit = 0;
  std::optional<std::string> stdout_contains, stdout_matches, stderr_contains;
  base::Duration within = std::chrono::seconds(10);
  bool retry = false;  ///< again until it succeeds or the time is over
};
struct ExpectNoPlaintext {
  LinkId link;
  std::string marker;  ///< sent as the payload of UDP and of TCP
  NodeId from;
  Target to;
  std::uint16_t port = 5203;  ///< of both
};
struct ExpectRoute {
  NodeId node;
  Target to;
  std::optional<base::IpAddress> via;
  std::optional<std::string> interface;
  std::optional<base::IpAddress> source;
  base::Duration within{};  ///< 0: at once
};
struct ExpectHandshake {
  TunnelId tunnel;
  std::optional<NodeId> node;  ///< one end only
  base::Duration within = std::chrono::seconds(5);
};
/// Counters of an interface ("rx_packets", as in /sys/class/net/…/statistics), or of a wired link:
/// see wire_counters.hpp ("frames", "lost", "queue_full", "duplicated").
struct ExpectCounters {
  std::optional<NodeId> node;
  std::string interface;
  std::optional<LinkId> link;
  std::optional<std::uint8_t> direction;  ///< of the link; empty: both added
  std::map<std::string, Bound> values;
};
struct ExpectFile {
  NodeId node;
  std::filesystem::path path;
  bool exists = true;
  std::optional<std::string> contains, matches;
  base::Duration within{};
};

using Check =
    std::variant<ExpectPing, ExpectRtt, ExpectTcp, ExpectUdp, ExpectRun, ExpectNoPlaintext,
                 ExpectRoute, ExpectHandshake, ExpectCounters, ExpectFile>;

struct Expectation {
  std::string name;
  base::Duration after{};  ///< not before this moment of the scenario
  bool together = false;   ///< at the same time as the one before it
  Check check;
  Place place;
};

struct Topology {
  std::filesystem::path file;
  std::string name;
  std::uint64_t seed = 0;
  base::Duration timeout = std::chrono::seconds(60);  ///< for the whole scenario
  bool allow_overrun = false;                         ///< drops of our own do not fail the test
  std::vector<Node> nodes;
  std::vector<Link> links;
  std::vector<Tunnel> tunnels;
  std::vector<Event> events;  ///< by time
  std::vector<Expectation> expectations;

  [[nodiscard]] const Node& node(NodeId id) const { return nodes.at(id.value()); }
  [[nodiscard]] const Link& link(LinkId id) const { return links.at(id.value()); }
  [[nodiscard]] const Interface& interface(const LinkEnd& end) const {
    return node(end.node).interfaces.at(end.interface);
  }
  [[nodiscard]] std::optional<NodeId> find_node(std::string_view node_name) const noexcept;
  [[nodiscard]] std::optional<LinkId> find_link(std::string_view link_name) const noexcept;
  /// What of the machine it takes beyond a user namespace; empty: nothing. For skipping with a
  /// reason.
  [[nodiscard]] std::optional<std::string> needs_root() const;
};

/// Reads and validates a file. Throws config::ConfigError at file, line and column, with the
/// offending line and the nearest known name; base::SystemError when it cannot be read.
Topology load_topology(const std::filesystem::path& file);
/// Parses text; `file` is for messages and for relative paths. `read_files` off: traces are not
/// read (fuzzing).
Topology parse_topology(std::string_view text, const std::filesystem::path& file,
                        bool read_files = true);

/// New settings from "delay=20ms loss=1% up=false", as `lab set` takes them: `base` with the named
/// keys replaced; "reset" alone: passes everything. `directory`: of the lab's file, where a trace
/// is looked for. Throws base::Error that names the key.
impair::Settings change_settings(const impair::Settings& base,
                                 const std::vector<std::string>& assignments,
                                 const std::filesystem::path& directory);
/// "35 ms ± 8 ms normal, gilbert loss 1%/30%, 20 Mbit/s codel": for people; empty when nothing is
/// impaired.
std::string describe(const impair::Settings& settings);

}  // namespace warren::lab
