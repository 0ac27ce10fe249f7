// The table of keys: expectations.
#include <array>
#include <string_view>

#include "key_tables.hpp"
#include "limits.hpp"

namespace warren::lab {
namespace {

using enum Format;

constexpr Key kFrom = needed(Key{"from", kText, node, "the node that sends", "\"alice\""});
constexpr Key kTo =
    needed(Key{"to", kText, target,
               "\"bob\", \"bob@wr0\" (an interface), \"bob/6\" (IPv6), or an address", "\"bob\""});
constexpr Key kFamily =
    from_to(Key{"family", kInteger, text, "4 or 6: which address of the node is meant", "6"}, 4, 6);
constexpr Key kPayload =
    from_to(Key{"payload", kTextOrInteger, size, "bytes in each packet", "1200"}, 0, kMaxPayload);
constexpr Key kPort =
    from_to(Key{"port", kInteger, text, "the port that the receiver listens on", "5201"}, 1, 65535);
constexpr Key kDuration = Key{"duration", kText, duration, "for how long is sent", "\"3s\""};
constexpr Key kPps =
    from_to(Key{"pps", kInteger, text, "packets per second", "1000"}, 1, kMaxPacketsPerSecond);
constexpr Key kSendRate =
    Key{"rate", kText, rate, "sent, bits of payload per second", "\"10Mbit\""};

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
    from_to(
        Key{"bytes", kTextOrInteger, size, "how much is sent, instead of a duration", "\"4MiB\""},
        1, 0),
    from_to(Key{"streams", kInteger, text, "connections at the same time", "4"}, 1, kMaxStreams),
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

constexpr Key kNodeKey =
    needed(Key{"node", kText, node, "the node in which it is looked at", "\"bob\""});
constexpr std::array kExpectRun = {
    kNodeKey,
    kCommand,
    from_to(Key{"exit", kInteger, text, "its exit status; 0 by default", "0"}, 0, 255),
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
    needed(Key{"link", kText, link, "the link that is searched", "\"wan\""}),
    needed(Key{"marker", kText, text, "the text that may not be found", "\"CANARY-7f3a\""}),
    needed(with(Key{"sent", kTable, text, "who sends it to whom, by UDP and by TCP"}, kSentKeys)),
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
    needed(Key{"tunnel", kText, tunnel, "the tunnel that has to have keys", "\"wr0\""}),
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
    one_of(Key{"direction", kText, text,
               "of the link: \"forward\" is from the first end to the second; \"both\" by default",
               "\"forward\""},
           kDirections),
    needed(with(Key{"values", kTable, text, "counters and their bounds"}, kCounterKeys)),
};
constexpr Keys kCountersKeys{kCounters};

constexpr std::array kFile = {
    kNodeKey,
    needed(Key{"path", kText, text, "as a process in the node sees it", "\"/run/app/state\""}),
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
    with(Key{"ping", kTable, text, "an echo request is answered"}, kPingKeys),
    with(Key{"rtt", kTable, text, "round trip times"}, kRttKeys),
    with(Key{"tcp", kTable, text, "throughput of TCP"}, kTcpKeys),
    with(Key{"udp", kTable, text, "a stream of UDP packets"}, kUdpKeys),
    with(Key{"loss", kTable, text, "the share of UDP packets that is lost"}, kExpectLossKeys),
    with(Key{"run", kTable, text, "a command, its exit status and what it prints"}, kExpectRunKeys),
    with(Key{"no_plaintext", kTable, text, "what is sent cannot be read on a link"},
         kNoPlaintextKeys),
    with(Key{"route", kTable, text, "the way that a node's packets take"}, kExpectRouteKeys),
    with(Key{"handshake", kTable, text, "a tunnel has agreed on keys"}, kHandshakeKeys),
    with(Key{"counters", kTable, text, "counters of an interface or of a link"}, kCountersKeys),
    with(Key{"file", kTable, text, "a file of a node"}, kFileKeys),
};

}  // namespace

constexpr Keys kExpectKeys{kExpect};

}  // namespace warren::lab
