#include "keys.hpp"

#include <algorithm>
#include <array>

#include "limits.hpp"

namespace warren::lab {
namespace {

using enum Format;
using Choices = std::string_view;

constexpr std::uint16_t kTextOrList = kText | kTextList;
constexpr std::uint16_t kTextOrInteger = kText | kInteger;
constexpr std::uint16_t kTextOrTable = kText | kTable;

// ---- impairments -------------------------------------------------------------------------------

constexpr std::array kDistributions = {Choices("uniform"), Choices("normal"), Choices("pareto")};
constexpr std::array kLossModels = {Choices("bernoulli"), Choices("gilbert")};
constexpr std::array kDisciplines = {Choices("fifo"), Choices("codel")};
constexpr std::array kAuto = {Choices("auto")};

constexpr std::array kJitter = {
    Key{"amount",
        kText,
        duration,
        "uniform: half of the width around the delay; normal and pareto: the standard deviation",
        "\"8ms\"",
        nullptr,
        {},
        true},
    Key{"distribution", kText, text, "how the added delay is spread; \"uniform\" by default",
        "\"normal\"", nullptr, kDistributions},
};
constexpr Keys kJitterKeys{kJitter};

constexpr std::array kLoss = {
    Key{"model", kText, text,
        "\"bernoulli\": each packet on its own; \"gilbert\": bursts (Gilbert-Elliott)",
        "\"gilbert\"", nullptr, kLossModels},
    Key{"p",
        kText,
        share,
        "bernoulli: of the packets; gilbert: from the good to the bad state, per packet",
        "\"1%\"",
        nullptr,
        {},
        true},
    Key{"r", kText, share, "gilbert: from the bad to the good state, per packet", "\"30%\""},
    Key{"loss_bad", kText, share, "gilbert: lost in the bad state; \"100%\" by default", "\"90%\""},
    Key{"loss_good", kText, share, "gilbert: lost in the good state; \"0%\" by default",
        "\"0.1%\""},
};
constexpr Keys kLossKeys{kLoss};

constexpr std::array kReorder = {
    Key{"p",
        kText,
        share,
        "of the packets overtake those before them",
        "\"5%\"",
        nullptr,
        {},
        true},
    Key{"ahead", kText, duration,
        "how much earlier such a packet arrives; the whole delay by default", "\"10ms\""},
};
constexpr Keys kReorderKeys{kReorder};

constexpr std::array kQueue = {
    Key{"discipline", kText, text, "\"fifo\" or \"codel\" (RFC 8289)", "\"codel\"", nullptr,
        kDisciplines},
    Key{"bytes", kTextOrInteger, size,
        "capacity; \"auto\" is rate x (delay + jitter), at least 64 KiB", "\"64KiB\"", nullptr,
        kAuto, false, 1, kMaxQueueBytes},
    Key{"target", kText, duration, "codel: the wait that is acceptable; \"5ms\" by default",
        "\"5ms\""},
    Key{"interval", kText, duration, "codel: for how long it may be exceeded; \"100ms\" by default",
        "\"100ms\""},
};
constexpr Keys kQueueKeys{kQueue};

constexpr Key kUp{"up", kBoolean, text, "false: the link is down in this direction", "false"};
constexpr Key kDelay{"delay", kText, duration, "added to the way of each packet", "\"35ms\""};
constexpr Key kJitterKey{"jitter",  kTextOrTable,
                         duration,  "variation of the delay; the order of the packets is kept",
                         "\"8ms\"", &kJitterKeys};
constexpr Key kLossKey{"loss", kTextOrTable, share, "packets that vanish", "\"1%\"", &kLossKeys};
constexpr Key kDuplicate{"duplicate", kText, share, "packets that arrive twice", "\"0.1%\""};
constexpr Key kReorderKey{"reorder", kTextOrTable, share, "packets that overtake those before them",
                          "\"5%\"",  &kReorderKeys};
constexpr Key kCorrupt{"corrupt", kText, share, "packets in which one bit is flipped", "\"0.01%\""};
constexpr Key kRate{"rate", kText, rate_or_none, "bits per second of frames; \"none\" for no bound",
                    "\"20Mbit\""};
constexpr Key kTrace{"trace", kText, text,
                     "instead of a rate: a mahimahi trace, a file beside this one",
                     "\"traces/lte.down\""};
constexpr Key kQueueKey{"queue",     kTextOrTable, text,        "what waits in front of the rate",
                        "\"codel\"", &kQueueKeys,  kDisciplines};
constexpr Key kDrop{"drop", kTextOrList, selector,
                    "exactly these packets of each flow: kind#number", "[\"udp#3\"]"};
constexpr Key kLimitMtu{
    "mtu",   kInteger, text, "larger packets vanish on the wire without a word (a black hole)",
    "1400",  nullptr,  {},   false,
    kMinMtu, kMaxMtu};

constexpr std::array kImpairment = {kUp,        kDelay,      kJitterKey, kLossKey,
                                    kDuplicate, kReorderKey, kCorrupt,   kRate,
                                    kTrace,     kQueueKey,   kDrop,      kLimitMtu};
constexpr Keys kImpairmentKeys{kImpairment};

constexpr Key kProfile{"profile", kText, profile, "the [profile.…] that these keys add to",
                       "\"lte\""};
constexpr std::array kDirection = {kProfile,   kUp,         kDelay,   kJitterKey, kLossKey,
                                   kDuplicate, kReorderKey, kCorrupt, kRate,      kTrace,
                                   kQueueKey,  kDrop,       kLimitMtu};
constexpr Keys kDirectionKeys{kDirection};

constexpr Key kAnyProfile{
    "*", kTable, text, "one direction of a link, to be named by links", {}, &kImpairmentKeys};
constexpr Keys kProfiles{{}, &kAnyProfile};

// ---- lab ---------------------------------------------------------------------------------------

constexpr std::array kLabRoutes = {Choices("auto"), Choices("none")};
constexpr std::array kLab = {
    Key{"name", kText, name, "what it is called; the file's name without .toml by default",
        "\"vpn-failover\""},
    Key{"seed", kInteger, text, "of everything that is random; 0 by default", "42"},
    Key{"ipv4", kText, network_or_none,
        "where links take their subnets from; \"10.0.0.0/16\" by default, \"none\" for no IPv4",
        "\"10.0.0.0/16\""},
    Key{"ipv6", kText, network_or_none, "as ipv4; no IPv6 by default", "\"fd00:1ab::/48\""},
    Key{"routes", kText, text,
        "\"auto\": static shortest paths to every subnet; \"none\": only what nodes write",
        "\"none\"", nullptr, kLabRoutes},
    Key{"timeout", kText, duration, "for the whole scenario; \"60s\" by default", "\"2m\""},
    Key{"allow_overrun", kBoolean, text,
        "true: packets that the emulation itself had to drop do not fail the test", "true"},
};
constexpr Keys kLabKeys{kLab};

// ---- node --------------------------------------------------------------------------------------

constexpr std::array kKinds = {Choices("host"), Choices("router"), Choices("nat"),
                               Choices("switch")};

constexpr Key kWithin{"within", kText, duration, "the time it may take", "\"3s\""};

constexpr std::array kReady = {
    Key{"tcp",
        kInteger,
        text,
        "somebody listens on this TCP port",
        "80",
        nullptr,
        {},
        false,
        1,
        65535},
    Key{"udp", kInteger, text, "somebody has this UDP port", "53", nullptr, {}, false, 1, 65535},
    Key{"log", kText, regular_expression, "a line of its output matches this regular expression",
        "\"listening on\""},
    Key{"file", kText, text, "this file exists", "\"/run/app.pid\""},
    Key{"command", kText, text, "this command exits with 0", "\"curl -sf http://localhost/\""},
    kWithin,
};
constexpr Keys kReadyKeys{kReady};

constexpr Key kAnyVariable{"*", kText, text, "an environment variable", "\"1\""};
constexpr Keys kEnvironmentKeys{{}, &kAnyVariable};

constexpr Key kCommand{
    "command",
    kTextOrList,
    text,
    "a line for /bin/sh, or a list of two or more: the program and its arguments",
    "\"python3 -m http.server 80\"",
    nullptr,
    {},
    true};

constexpr std::array kRun = {
    Key{"name", kText, name, "what it is called in logs; the program's name by default", "\"web\""},
    kCommand,
    Key{"environment", kTable, text, "environment variables", {}, &kEnvironmentKeys},
    Key{"ready",
        kTable,
        text,
        "when it counts as ready; once it is started by default",
        {},
        &kReadyKeys},
};
constexpr Keys kRunKeys{kRun};

constexpr Key kAnySysctl{"*", kText | kInteger | kBoolean | kTable, text,
                         "a value below net., with dots or as nested tables", "\"bbr\""};
constexpr Keys kSysctlKeys{{}, &kAnySysctl};

constexpr std::array kXdp = {
    Key{"iface",
        kText,
        interface,
        "the interface that it is attached to",
        "\"eth0\"",
        nullptr,
        {},
        true},
    Key{"object",
        kText,
        text,
        "an ELF file: beside this one, or in a folder of $WARREN_LAB_PATH",
        "\"drop_udp.o\"",
        nullptr,
        {},
        true},
    Key{"section", kText, text, "of the file; \"xdp\" by default", "\"xdp\""},
};
constexpr Keys kXdpKeys{kXdp};

constexpr std::array kNode = {
    Key{"kind", kText, text,
        "\"host\" (default), \"router\" forwards, \"nat\" forwards and hides, \"switch\" joins "
        "links",
        "\"router\"", nullptr, kKinds},
    Key{"count",
        kInteger,
        text,
        "makes so many nodes alike: NAME-1, NAME-2, …",
        "99",
        nullptr,
        {},
        false,
        kMinCount,
        kMaxCount},
    Key{"outside", kText, interface,
        "nat: the interface that hides the others; by default the one called wan or outside",
        "\"wan\""},
    Key{"run", kTable | kTableList, text, "programs that run for the whole test", {}, &kRunKeys},
    Key{"routes", kTextList, route, "besides the computed ones, and before them",
        "[\"default via gate metric 10 dev eth0\"]"},
    Key{"sysctl", kTable, text, "kernel settings of the node", {}, &kSysctlKeys},
    Key{"xdp", kTable, text, "an XDP program; needs root", {}, &kXdpKeys},
};
constexpr Keys kNodeKeys{kNode};
constexpr Key kAnyNode{"*", kTable, text, "a node: a network namespace of its own", {}, &kNodeKeys};
constexpr Keys kNodes{{}, &kAnyNode};

// ---- link --------------------------------------------------------------------------------------

constexpr Key kEnds{"ends",
                    kTextList,
                    node_end,
                    "two nodes, each with its interface if it matters: \"node:interface\"",
                    "[\"alice:eth0\", \"gate:lan\"]",
                    nullptr,
                    {},
                    true};
constexpr std::array kLink = {
    Key{"name", kText, name, "what it is called; \"alice-gate\" by default", "\"wan\""},
    kEnds,
    kProfile,
    kUp,
    kDelay,
    kJitterKey,
    kLossKey,
    kDuplicate,
    kReorderKey,
    kCorrupt,
    kRate,
    kTrace,
    kQueueKey,
    kDrop,
    Key{"reverse",
        kTable,
        text,
        "the direction from the second end to the first, complete in itself",
        {},
        &kDirectionKeys},
    Key{"subnet", kTextOrList, network, "the network of the link's addresses", "\"10.1.0.0/24\""},
    Key{"addresses", kMixedList, interface_address, "one item for each end; \"\" for none",
        "[\"10.1.0.1/24\", \"10.1.0.2/24\"]"},
    Key{"mtu",
        kInteger,
        text,
        "of the devices at both ends, in bytes; 1500 by default",
        "1280",
        nullptr,
        {},
        false,
        kMinMtu,
        kMaxMtu},
    Key{"wired", kBoolean, text,
        "true: carried by Warren's wire although nothing is impaired, so that it is captured",
        "true"},
};
constexpr Keys kLinkKeys{kLink};

// ---- tunnel ------------------------------------------------------------------------------------

constexpr std::array kModes = {Choices("tun"), Choices("tap")};
constexpr std::array kCiphers = {Choices("chacha20-poly1305"), Choices("aes-256-gcm")};
constexpr Key kAnySubnets{"*", kTextList, network, "the networks behind the end of this name",
                          "[\"192.168.1.0/24\"]"};
constexpr Keys kSubnetsKeys{{}, &kAnySubnets};

constexpr std::array kTunnel = {
    Key{"name",
        kText,
        interface,
        "of the tunnel and of its interface in each node",
        "\"wr0\"",
        nullptr,
        {},
        true},
    Key{"ends",
        kTextList,
        node,
        "the nodes that it joins, each with each",
        "[\"alice\", \"bob\"]",
        nullptr,
        {},
        true},
    Key{"network", kTextOrList, network,
        "where its addresses come from; the next free subnet by default", "\"10.99.0.0/24\""},
    Key{"hub", kText, node, "the end that all others have as their only peer", "\"gate\""},
    Key{"mode", kText, text, "\"tun\" (default) for IP packets, \"tap\" for Ethernet frames",
        "\"tap\"", nullptr, kModes},
    Key{"cipher", kText, text, "\"chacha20-poly1305\" (WireGuard's) by default", "\"aes-256-gcm\"",
        nullptr, kCiphers},
    Key{"mtu",
        kInteger,
        text,
        "of its interfaces; from the way to the peers by default",
        "1420",
        nullptr,
        {},
        false,
        kMinTunnelMtu,
        kMaxTunnelMtu},
    Key{"keepalive",
        kTextOrInteger,
        duration,
        "time between packets that hold a NAT's mapping open; whole seconds, 0 for none",
        "25",
        nullptr,
        {},
        false,
        0,
        65535},
    Key{"port",
        kInteger,
        text,
        "UDP port of each end; 51820 by default",
        "51820",
        nullptr,
        {},
        false,
        1,
        65535},
    Key{"subnets",
        kTable,
        text,
        "the networks behind its ends, which the others reach through it",
        {},
        &kSubnetsKeys},
};
constexpr Keys kTunnelKeys{kTunnel};

// ---- at ----------------------------------------------------------------------------------------

constexpr std::array kDirections = {Choices("forward"), Choices("reverse"), Choices("both")};
constexpr std::array kAt = {
    Key{"t", kText, duration, "since the scenario began", "\"2s\"", nullptr, {}, true},
    Key{"link", kText, link, "the link that changes", "\"wan\""},
    Key{"set", kTable, text, "what changes; every other setting stays", {}, &kDirectionKeys},
    Key{"reverse",
        kTable,
        text,
        "what changes in the other direction; `set` is the first then",
        {},
        &kDirectionKeys},
    Key{"direction", kText, text,
        "of `set`: \"forward\" is from the first end to the second; \"both\" by default",
        "\"forward\"", nullptr, kDirections},
    Key{"node", kText, node, "the node in which something happens", "\"alice\""},
    Key{"run", kTextOrList, text, "a command, which is not waited for", "\"ip neigh flush all\""},
    Key{"program", kText, text, "the program that is meant, by its name in `run`", "\"web\""},
    Key{"signal",
        kTextOrInteger,
        signal,
        "sent to the program and its children",
        "\"KILL\"",
        nullptr,
        {},
        false,
        1,
        64},
    Key{"start", kBoolean, text, "true: the program is started again", "true"},
};
constexpr Keys kAtKeys{kAt};

// ---- expect ------------------------------------------------------------------------------------

constexpr Key kFrom{"from", kText, node, "the node that sends", "\"alice\"", nullptr, {}, true};
constexpr Key kTo{"to",      kText,
                  target,    "\"bob\", \"bob@wr0\" (an interface), \"bob/6\" (IPv6), or an address",
                  "\"bob\"", nullptr,
                  {},        true};
constexpr Key kFamily{"family", kInteger, text, "4 or 6: which address of the node is meant",
                      "6",      nullptr,  {},   false,
                      4,        6};
constexpr Key kPayload{"payload", kTextOrInteger, size, "bytes in each packet",
                       "1200",    nullptr,        {},   false,
                       0,         kMaxPayload};
constexpr Key kPort{"port", kInteger, text, "the port that the receiver listens on",
                    "5201", nullptr,  {},   false,
                    1,      65535};
constexpr Key kDuration{"duration", kText, duration, "for how long is sent", "\"3s\""};
constexpr Key kPps{"pps", kInteger, text, "packets per second", "1000", nullptr,
                   {},    false,    1,    kMaxPacketsPerSecond};
constexpr Key kSendRate{"rate", kText, rate, "sent, bits of payload per second", "\"10Mbit\""};

constexpr Key kCount(std::string_view summary) {
  return {"count", kInteger, text, summary, "100", nullptr, {}, false, 1, kMaxPackets};
}
constexpr Key kBound(std::string_view key, Format format, std::string_view summary,
                     std::string_view example) {
  return {key, format == bound_of_count ? kTextOrInteger : std::uint16_t{kText}, format, summary,
          example};
}

constexpr std::array kPing = {
    kFrom,
    kTo,
    kFamily,
    kWithin,
    Key{"reachable", kBoolean, text, "false: no reply may come for the whole of `within`", "false"},
    kPayload,
    Key{"dont_fragment", kBoolean, text, "true: the packet may not be fragmented on its way",
        "true"},
};
constexpr Keys kPingKeys{kPing};

constexpr std::array kRtt = {
    kFrom,
    kTo,
    kFamily,
    kCount("of the echo requests; 20 by default"),
    Key{"interval", kText, duration, "between requests; \"10ms\" by default", "\"10ms\""},
    kPayload,
    kBound("min", bound_of_duration, "the shortest round trip", "\">=70ms\""),
    kBound("p50", bound_of_duration, "the median", "\"70ms±4ms\""),
    kBound("p90", bound_of_duration, "nine of ten are shorter", "\"<80ms\""),
    kBound("p99", bound_of_duration, "99 of 100 are shorter", "\"<100ms\""),
    kBound("max", bound_of_duration, "the longest", "\"<150ms\""),
    kBound("loss", bound_of_share, "requests without a reply", "\"<1%\""),
};
constexpr Keys kRttKeys{kRtt};

constexpr std::array kTcp = {
    kFrom,
    kTo,
    kFamily,
    kDuration,
    Key{"bytes",
        kTextOrInteger,
        size,
        "how much is sent, instead of a duration",
        "\"4MiB\"",
        nullptr,
        {},
        false,
        1,
        0},
    Key{"streams",
        kInteger,
        text,
        "connections at the same time",
        "4",
        nullptr,
        {},
        false,
        1,
        kMaxStreams},
    kPort,
    Key{"at_least", kText, rate, "bits of payload per second", "\"12Mbit\""},
    Key{"at_most", kText, rate, "bits of payload per second", "\"20Mbit\""},
    kBound("rate", bound_of_rate, "bits of payload per second", "\"18Mbit..20Mbit\""),
    Key{"congestion", kText, text, "the congestion control; the kernel's choice by default",
        "\"cubic\""},
};
constexpr Keys kTcpKeys{kTcp};

constexpr std::array kUdp = {
    kFrom,
    kTo,
    kFamily,
    kDuration,
    kCount("packets, instead of a duration"),
    kSendRate,
    kPps,
    kPayload,
    kPort,
    Key{"at_least", kText, rate, "received, bits of payload per second", "\"9Mbit\""},
    Key{"at_most", kText, rate, "received, bits of payload per second", "\"10Mbit\""},
    kBound("received", bound_of_rate, "received, bits of payload per second", "\"9Mbit..10Mbit\""),
    kBound("loss", bound_of_share, "packets that did not arrive", "\"0.5%..1.5%\""),
    kBound("reordered", bound_of_share, "packets that came after a later one", "\"0%\""),
    kBound("duplicated", bound_of_share, "packets that came again", "\"0%\""),
};
constexpr Keys kUdpKeys{kUdp};

constexpr Key kExpected() {
  Key key = kBound("expected", bound_of_share, "packets that did not arrive", "\"1%±0.5%\"");
  key.required = true;
  return key;
}
constexpr std::array kExpectLoss = {
    kFrom, kTo, kFamily, kCount("UDP packets; 1000 by default"), kPps, kPayload, kPort, kExpected(),
};
constexpr Keys kExpectLossKeys{kExpectLoss};

constexpr Key kNodeKey{"node",    kText,   node, "the node in which it is looked at",
                       "\"bob\"", nullptr, {},   true};
constexpr std::array kExpectRun = {
    kNodeKey,
    kCommand,
    Key{"exit", kInteger, text, "its exit status; 0 by default", "0", nullptr, {}, false, 0, 255},
    Key{"stdout_contains", kText, text, "a part of what it prints", "\"Directory\""},
    Key{"stdout_matches", kText, regular_expression, "a regular expression that finds something",
        "\"^HTTP/1.1 200\""},
    Key{"stderr_contains", kText, text, "a part of what it prints as errors", "\"refused\""},
    kWithin,
    Key{"retry", kBoolean, text, "true: again until it succeeds or the time is over", "true"},
};
constexpr Keys kExpectRunKeys{kExpectRun};

constexpr std::array kSent = {kFrom, kTo, kFamily};
constexpr Keys kSentKeys{kSent};
constexpr std::array kNoPlaintext = {
    Key{"link", kText, link, "the link that is searched", "\"wan\"", nullptr, {}, true},
    Key{"marker",
        kText,
        text,
        "the text that may not be found",
        "\"CANARY-7f3a\"",
        nullptr,
        {},
        true},
    Key{"sent", kTable, text, "who sends it to whom, by UDP and by TCP", {}, &kSentKeys, {}, true},
};
constexpr Keys kNoPlaintextKeys{kNoPlaintext};

constexpr std::array kExpectRoute = {
    kNodeKey,
    kTo,
    kFamily,
    Key{"via", kText, node, "the gateway: an address, or a node", "\"gate\""},
    Key{"dev", kText, interface, "the interface that it leaves by", "\"eth0\""},
    Key{"source", kText, address, "the address that the kernel would send from", "\"10.0.0.1\""},
    kWithin,
};
constexpr Keys kExpectRouteKeys{kExpectRoute};

constexpr std::array kHandshake = {
    Key{"tunnel", kText, tunnel, "the tunnel that has to have keys", "\"wr0\"", nullptr, {}, true},
    Key{"node", kText, node, "one end only; all of them by default", "\"alice\""},
    kWithin,
};
constexpr Keys kHandshakeKeys{kHandshake};

constexpr Key kAnyCounter = kBound("*", bound_of_count, "a counter and its bound", "\">=10\"");
constexpr Keys kCounterKeys{{}, &kAnyCounter};
constexpr std::array kCounters = {
    Key{"node", kText, node, "counters of an interface: its node", "\"bob\""},
    Key{"iface", kText, interface, "counters of an interface: its name", "\"eth0\""},
    Key{"link", kText, link, "counters of a link's wire", "\"wan\""},
    Key{"direction", kText, text,
        "of the link: \"forward\" is from the first end to the second; \"both\" by default",
        "\"forward\"", nullptr, kDirections},
    Key{"values", kTable, text, "counters and their bounds", {}, &kCounterKeys, {}, true},
};
constexpr Keys kCountersKeys{kCounters};

constexpr std::array kFile = {
    kNodeKey,
    Key{"path",
        kText,
        text,
        "as a process in the node sees it",
        "\"/run/app/state\"",
        nullptr,
        {},
        true},
    Key{"exists", kBoolean, text, "false: it may not exist", "false"},
    Key{"contains", kText, text, "a part of its text", "\"leader\""},
    Key{"matches", kText, regular_expression, "a regular expression that finds something",
        "\"^state: up$\""},
    kWithin,
};
constexpr Keys kFileKeys{kFile};

constexpr std::array kExpect = {
    Key{"name", kText, text, "what is expected, in words", "\"bob answers\""},
    Key{"after", kText, duration, "not before this moment of the scenario", "\"4s\""},
    Key{"together", kBoolean, text, "true: at the same time as the one before it", "true"},
    Key{"ping", kTable, text, "an echo request is answered", {}, &kPingKeys},
    Key{"rtt", kTable, text, "round trip times", {}, &kRttKeys},
    Key{"tcp", kTable, text, "throughput of TCP", {}, &kTcpKeys},
    Key{"udp", kTable, text, "a stream of UDP packets", {}, &kUdpKeys},
    Key{"loss", kTable, text, "the share of UDP packets that is lost", {}, &kExpectLossKeys},
    Key{"run", kTable, text, "a command, its exit status and what it prints", {}, &kExpectRunKeys},
    Key{"no_plaintext",
        kTable,
        text,
        "what is sent cannot be read on a link",
        {},
        &kNoPlaintextKeys},
    Key{"route", kTable, text, "the way that a node's packets take", {}, &kExpectRouteKeys},
    Key{"handshake", kTable, text, "a tunnel has agreed on keys", {}, &kHandshakeKeys},
    Key{"counters", kTable, text, "counters of an interface or of a link", {}, &kCountersKeys},
    Key{"file", kTable, text, "a file of a node", {}, &kFileKeys},
};
constexpr Keys kExpectKeys{kExpect};

// ---- the file ----------------------------------------------------------------------------------

constexpr std::array kTopLevel = {
    Key{"lab", kTable, text, "the lab as a whole", {}, &kLabKeys},
    Key{"profile", kTable, text, "settings for one direction of a link, by name", {}, &kProfiles},
    Key{"node", kTable, text, "the nodes, by name", {}, &kNodes},
    Key{"link", kTableList, text, "a cable between two nodes", {}, &kLinkKeys},
    Key{"tunnel", kTableList, text, "Warren's daemon in two or more nodes", {}, &kTunnelKeys},
    Key{"at", kTableList, text, "something that happens at a moment", {}, &kAtKeys},
    Key{"expect",
        kTableList,
        text,
        "something that must be true: exactly one check in each",
        {},
        &kExpectKeys},
};
constexpr Keys kTopLevelKeys{kTopLevel};

}  // namespace

const Keys& file_keys() noexcept {
  return kTopLevelKeys;
}
const Keys& impairment_keys() noexcept {
  return kImpairmentKeys;
}

const Key* find_key(const Keys& keys, std::string_view name) noexcept {
  const auto found = std::ranges::find(keys.known, name, &Key::name);
  return found != keys.known.end() ? &*found : keys.any;
}

}  // namespace warren::lab
