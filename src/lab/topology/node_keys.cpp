// The table of keys: nodes and tunnels.
#include <array>
#include <string_view>

#include <warren/lab/topology.hpp>

#include "key_tables.hpp"
#include "limits.hpp"

namespace warren::lab {
namespace {

using enum Format;

constexpr std::array kReady = {
    from_to(Key{"tcp", kInteger, text, "somebody listens on this TCP port", "80"}, 1, 65535),
    from_to(Key{"udp", kInteger, text, "somebody has this UDP port", "53"}, 1, 65535),
    Key{"log", kText, regular_expression, "a line of its output matches this regular expression",
        "\"listening on\""},
    Key{"file", kText, text, "this file exists", "\"/run/app.pid\""},
    Key{"command", kText, text, "this command exits with 0", "\"curl -sf http://localhost/\""},
    kWithin,
};
constexpr Keys kReadyKeys{kReady};

constexpr Key kAnyVariable = Key{"*", kText, text, "an environment variable", "\"1\""};
constexpr Keys kEnvironmentKeys{{}, &kAnyVariable};

constexpr std::array kRun = {
    Key{"name", kText, name, "what it is called in logs; the program's name by default", "\"web\""},
    kCommand,
    with(Key{"environment", kTable, text, "environment variables"}, kEnvironmentKeys),
    with(Key{"ready", kTable, text, "when it counts as ready; once it is started by default"},
         kReadyKeys),
};
constexpr Keys kRunKeys{kRun};

constexpr Key kAnySysctl = Key{"*", kText | kInteger | kBoolean | kTable, text,
                               "a value below net., with dots or as nested tables", "\"bbr\""};
constexpr Keys kSysctlKeys{{}, &kAnySysctl};

constexpr std::array kXdp = {
    needed(Key{"iface", kText, interface, "the interface that it is attached to", "\"eth0\""}),
    needed(Key{"object", kText, text,
               "an ELF file: beside this one, or in a folder of $WARREN_LAB_PATH",
               "\"drop_udp.o\""}),
    Key{"section", kText, text, "of the file; \"xdp\" by default", "\"xdp\""},
};
constexpr Keys kXdpKeys{kXdp};

constexpr std::array kNode = {
    one_of(Key{"kind", kText, text,
               "\"host\" (default), \"router\" forwards, \"nat\" forwards and hides, \"switch\" "
               "joins links",
               "\"router\""},
           kNodeKinds),
    from_to(Key{"count", kInteger, text, "makes so many nodes alike: NAME-1, NAME-2, …", "99"},
            kMinCount, kMaxCount),
    Key{"outside", kText, interface,
        "nat: the interface that hides the others; by default the one called wan or outside",
        "\"wan\""},
    with(Key{"run", kTable | kTableList, text, "programs that run for the whole test"}, kRunKeys),
    Key{"routes", kTextList, route, "besides the computed ones, and before them",
        "[\"default via gate metric 10 dev eth0\"]"},
    with(Key{"sysctl", kTable, text, "kernel settings of the node"}, kSysctlKeys),
    with(Key{"xdp", kTable, text, "an XDP program; needs root"}, kXdpKeys),
};
constexpr Keys kNodeKeys{kNode};
constexpr Key kAnyNode =
    with(Key{"*", kTable, text, "a node: a network namespace of its own"}, kNodeKeys);

// ---- tunnel ------------------------------------------------------------------------------------

constexpr std::array<std::string_view, 2> kModes = {"tun", "tap"};
constexpr std::array<std::string_view, 2> kCiphers = {"chacha20-poly1305", "aes-256-gcm"};
constexpr Key kAnySubnets = Key{"*", kTextList, network, "the networks behind the end of this name",
                                "[\"192.168.1.0/24\"]"};
constexpr Keys kSubnetsKeys{{}, &kAnySubnets};

constexpr std::array kTunnel = {
    needed(Key{"name", kText, interface, "of the tunnel and of its interface in each node",
               "\"wr0\""}),
    needed(Key{"ends", kTextList, node, "the nodes that it joins, each with each",
               "[\"alice\", \"bob\"]"}),
    Key{"network", kTextOrList, network,
        "where its addresses come from; the next free subnet by default", "\"10.99.0.0/24\""},
    Key{"hub", kText, node, "the end that all others have as their only peer", "\"gate\""},
    one_of(Key{"mode", kText, text, "\"tun\" (default) for IP packets, \"tap\" for Ethernet frames",
               "\"tap\""},
           kModes),
    one_of(Key{"cipher", kText, text, "\"chacha20-poly1305\" (WireGuard's) by default",
               "\"aes-256-gcm\""},
           kCiphers),
    from_to(Key{"mtu", kInteger, text, "of its interfaces; from the way to the peers by default",
                "1420"},
            kMinTunnelMtu, kMaxTunnelMtu),
    from_to(
        Key{"keepalive", kTextOrInteger, duration,
            "time between packets that hold a NAT's mapping open; whole seconds, 0 for none", "25"},
        0, 65535),
    from_to(Key{"port", kInteger, text, "UDP port of each end; 51820 by default", "51820"}, 1,
            65535),
    with(Key{"subnets", kTable, text,
             "the networks behind its ends, which the others reach through it"},
         kSubnetsKeys),
};

}  // namespace

constexpr Keys kNodes{{}, &kAnyNode};
constexpr Keys kTunnelKeys{kTunnel};

}  // namespace warren::lab
