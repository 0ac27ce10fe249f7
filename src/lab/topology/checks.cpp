#include "checks.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <warren/base/interface_counters.hpp>
#include <warren/lab/wire_counters.hpp>

#include "limits.hpp"
#include "structure.hpp"

namespace warren::lab {
namespace {

using config::in_quotes;

constexpr std::string_view kSayTheSame = "say the same";

std::vector<std::string_view> link_counters() {
  std::vector<std::string_view> names;
  each_counter(WireCounters{},
               [&](std::string_view name, std::uint64_t) { names.push_back(name); });
  return names;
}

template <class T>
void assign(T& to, const std::optional<T>& from) {
  if (from) to = *from;
}

template <class To, class From>
void assign_number(To& to, const std::optional<From>& from) {
  if (from) to = static_cast<To>(*from);
}

}  // namespace

void Checks::only_one_of(const Fields& fields, std::initializer_list<std::string_view> keys,
                         std::string_view why) const {
  std::string_view first;
  for (const std::string_view key : keys) {
    if (!fields.has(key)) continue;
    if (first.empty()) {
      first = key;
      continue;
    }
    draft_.source.fail(fields.find(key)->at, fmt::format("`{}` and `{}` {}", first, key, why),
                       "leave one of them out");
  }
}

Target Checks::read_receiver(const Fields& fields, NodeId from) {
  Target target = targets_.read(fields, from);
  if (!target.node) {
    fields.fail("to",
                fmt::format("{} is the address of no node, and nobody would receive", target.text),
                "name a node, or one of its addresses");
  }
  if (*target.node == from) {
    fields.fail("to", "sender and receiver are the same node", "name another node");
  }
  return target;
}

Check Checks::ping(const Fields& fields) {
  ExpectPing check;
  check.from = draft_.host_of(fields, "from");
  check.to = targets_.read(fields, check.from);
  assign(check.within, fields.duration("within"));
  if (check.within == base::Duration{}) fields.fail("within", "no reply comes in no time");
  assign(check.reachable, fields.boolean("reachable"));
  assign_number(check.payload_bytes, fields.size("payload", kMaxPayload));
  assign(check.dont_fragment, fields.boolean("dont_fragment"));
  return check;
}

Check Checks::rtt(const Fields& fields) {
  ExpectRtt check;
  check.from = draft_.host_of(fields, "from");
  check.to = targets_.read(fields, check.from);
  assign_number(check.count, fields.integer("count"));
  assign(check.interval, fields.duration("interval"));
  assign_number(check.payload_bytes, fields.size("payload", kMaxPayload));
  check.min = fields.bound("min", Quantity::duration);
  check.p50 = fields.bound("p50", Quantity::duration);
  check.p90 = fields.bound("p90", Quantity::duration);
  check.p99 = fields.bound("p99", Quantity::duration);
  check.max = fields.bound("max", Quantity::duration);
  check.loss = fields.bound("loss", Quantity::share);
  if (!check.min && !check.p50 && !check.p90 && !check.p99 && !check.max && !check.loss) {
    draft_.source.fail(fields.at(), "`rtt` expects nothing", "for example p50 = \"70ms±4ms\"");
  }
  return check;
}

/// From `at_least` and `at_most`, or from the bound `key`.
std::optional<Bound> Checks::read_rate(const Fields& fields, std::string_view key) const {
  only_one_of(fields, {key, "at_least"}, kSayTheSame);
  only_one_of(fields, {key, "at_most"}, kSayTheSame);
  if (auto bound = fields.bound(key, Quantity::rate)) return bound;
  const auto least = fields.value("at_least", parse_rate);
  const auto most = fields.value("at_most", parse_rate);
  if (!least && !most) return {};
  Bound bound;
  if (least) {
    bound.least = static_cast<double>(*least);
    bound.text = fmt::format(">={}", *fields.text("at_least"));
  }
  if (most) {
    bound.most = static_cast<double>(*most);
    bound.text = least ? fmt::format("{}..{}", *fields.text("at_least"), *fields.text("at_most"))
                       : fmt::format("<={}", *fields.text("at_most"));
  }
  if (least && most && *least > *most) fields.fail("at_most", "it is less than `at_least`");
  return bound;
}

void Checks::read_duration(const Fields& fields, std::string_view amount,
                           base::Duration& duration) const {
  only_one_of(fields, {"duration", amount}, "do not go together");
  assign(duration, fields.duration("duration"));
  if (duration == base::Duration{}) fields.fail("duration", "nothing is sent in no time");
}

Check Checks::tcp(const Fields& fields) {
  ExpectTcp check;
  check.from = draft_.host_of(fields, "from");
  check.to = read_receiver(fields, check.from);
  read_duration(fields, "bytes", check.duration);
  check.bytes = fields.size("bytes", std::uint64_t{1} << 44);
  if (check.bytes == std::uint64_t{0}) fields.fail("bytes", "nothing is sent");
  assign_number(check.streams, fields.integer("streams"));
  assign_number(check.port, fields.integer("port"));
  check.rate = read_rate(fields, "rate");
  check.congestion = fields.text("congestion").value_or("");
  return check;
}

Check Checks::udp(const Fields& fields) {
  ExpectUdp check;
  check.from = draft_.host_of(fields, "from");
  check.to = read_receiver(fields, check.from);
  read_duration(fields, "count", check.duration);
  only_one_of(fields, {"rate", "pps"}, kSayTheSame);
  if (const auto count = fields.integer("count")) check.count = static_cast<std::uint64_t>(*count);
  assign(check.rate_bps, fields.value("rate", parse_rate));
  assign_number(check.packets_per_s, fields.integer("pps"));
  if (check.rate_bps == 0 && check.packets_per_s == 0) check.packets_per_s = 1000;
  assign_number(check.payload_bytes, fields.size("payload", kMaxPayload));
  assign_number(check.port, fields.integer("port"));
  check.rate = read_rate(fields, "received");
  check.loss = fields.bound("loss", Quantity::share);
  check.reordered = fields.bound("reordered", Quantity::share);
  check.duplicated = fields.bound("duplicated", Quantity::share);
  if (!check.rate && !check.loss && !check.reordered && !check.duplicated) {
    draft_.source.fail(fields.at(), "`udp` expects nothing",
                       "for example loss = \"<1%\" or at_least = \"9Mbit\"");
  }
  return check;
}

Check Checks::loss(const Fields& fields) {
  ExpectUdp check;
  check.from = draft_.host_of(fields, "from");
  check.to = read_receiver(fields, check.from);
  check.count = static_cast<std::uint64_t>(fields.integer("count").value_or(1000));
  check.packets_per_s = static_cast<std::uint64_t>(fields.integer("pps").value_or(1000));
  check.payload_bytes =
      static_cast<std::uint32_t>(fields.size("payload", kMaxPayload).value_or(64));
  assign_number(check.port, fields.integer("port"));
  check.loss = fields.bound("expected", Quantity::share);
  return check;
}

void Checks::read_matches(const Fields& fields, std::string_view key,
                          std::optional<std::string>& pattern) const {
  pattern = fields.text(key);
  if (pattern) fields.check(key, fields.at(key), check_regex(*pattern));
}

Check Checks::run(const Fields& fields) {
  ExpectRun check;
  check.node = draft_.host_of(fields, "node");
  check.command = fields.command("command");
  assign_number(check.exit, fields.integer("exit"));
  check.stdout_contains = fields.text("stdout_contains");
  read_matches(fields, "stdout_matches", check.stdout_matches);
  check.stderr_contains = fields.text("stderr_contains");
  assign(check.within, fields.duration("within"));
  assign(check.retry, fields.boolean("retry"));
  return check;
}

Check Checks::no_plaintext(const Fields& fields) {
  constexpr std::size_t kShortest = 8;
  constexpr std::size_t kLongest = 1000;
  ExpectNoPlaintext check;
  check.link = draft_.link_of(fields, "link");
  check.marker = *fields.text("marker");
  if (check.marker.size() < kShortest || check.marker.size() > kLongest) {
    fields.fail("marker",
                fmt::format("it has {} bytes, and from {} to {} are asked for", check.marker.size(),
                            kShortest, kLongest),
                "a text that occurs nowhere by chance: \"CANARY-7f3a\"");
  }
  const Fields sent = *fields.inner("sent");
  check.from = draft_.host_of(sent, "from");
  check.to = read_receiver(sent, check.from);
  draft_.require_wire(check.link,
                      fmt::format("an expectation searches it (line {})", fields.at().line));
  return check;
}

void Checks::check_interface(const Fields& fields, std::string_view key, NodeId node,
                             const std::string& name) const {
  const Node& host = draft_.topology.node(node);
  std::vector<std::string_view> names;
  names.reserve(host.interfaces.size());
  for (const Interface& interface : host.interfaces) names.push_back(interface.name);
  for (const Tunnel& tunnel : draft_.topology.tunnels) {
    const bool is_end = std::ranges::find(tunnel.ends, node, &TunnelEnd::node) != tunnel.ends.end();
    if (is_end) names.push_back(tunnel.name);
  }
  if (name == "lo" || std::ranges::find(names, name) != names.end()) return;
  fail_unknown(draft_.source, fields.at(key), key, fmt::format("interface of {}", host.name), name,
               names);
}

Check Checks::route(const Fields& fields) {
  ExpectRoute check;
  check.node = draft_.host_of(fields, "node");
  check.to = targets_.read(fields, check.node);
  if (const auto via = fields.text("via")) {
    check.via = base::IpAddress::parse(*via);
    if (!check.via) {
      const NodeId gateway = draft_.host_of(fields, "via");
      check.via = targets_.neighbour(check.node, gateway, check.to.address.family());
      if (!check.via) {
        fields.fail("via",
                    fmt::format("{} and {} have no network in common",
                                draft_.topology.node(check.node).name, *via),
                    "a gateway is a neighbour");
      }
    }
  }
  check.interface = fields.text("dev");
  if (check.interface) check_interface(fields, "dev", check.node, *check.interface);
  if (const auto source = fields.text("source")) {
    check.source = base::IpAddress::parse(*source);
    if (!check.source) {
      fields.fail("source", fmt::format("{} is no address", in_quotes(*source)),
                  "for example \"10.0.0.1\"");
    }
  }
  if (!check.via && !check.interface && !check.source) {
    draft_.source.fail(fields.at(), "`route` expects nothing",
                       "via = \"gate\", dev = \"eth0\" or source = \"10.0.0.1\"");
  }
  assign(check.within, fields.duration("within"));
  return check;
}

Check Checks::handshake(const Fields& fields) {
  ExpectHandshake check;
  const std::string name = *fields.text("tunnel");
  const auto found = draft_.tunnels.find(name);
  if (found == draft_.tunnels.end()) {
    fail_unknown(draft_.source, fields.at("tunnel"), "tunnel", "tunnel", name,
                 names_of(draft_.tunnels));
  }
  check.tunnel = found->second;
  if (fields.has("node")) {
    check.node = draft_.host_of(fields, "node");
    const auto& ends = draft_.topology.tunnels.at(check.tunnel.value()).ends;
    if (std::ranges::find(ends, *check.node, &TunnelEnd::node) == ends.end()) {
      fields.fail("node", fmt::format("{} is no end of {}", *fields.text("node"), name));
    }
  }
  assign(check.within, fields.duration("within"));
  return check;
}

std::map<std::string, Bound> Checks::read_values(const Fields& fields, bool of_link) const {
  const std::vector<std::string_view> known =
      of_link ? link_counters()
              : std::vector<std::string_view>(base::kInterfaceCounters.begin(),
                                              base::kInterfaceCounters.end());
  const Fields values = *fields.inner("values");
  std::map<std::string, Bound> result;
  for (const config::Entry& entry : values.table().entries) {
    if (std::ranges::find(known, entry.key) == known.end()) {
      fail_unknown(draft_.source, entry.at, "values",
                   of_link ? "counter of a link" : "counter of an interface", entry.key, known);
    }
    result.emplace(entry.key, *values.bound(entry.key, Quantity::count));
  }
  if (result.empty()) {
    draft_.source.fail(
        values.at(), "`values` expects nothing",
        of_link ? "for example { lost = \"1..20\" }" : "for example { rx_packets = \">=10\" }");
  }
  return result;
}

Check Checks::counters(const Fields& fields) {
  ExpectCounters check;
  if (fields.has("link") == (fields.has("node") || fields.has("iface"))) {
    draft_.source.fail(fields.at(), "counters are of a `link`, or of a `node` and its `iface`",
                       "link = \"wan\", or node = \"bob\" and iface = \"eth0\"");
  }
  if (fields.has("link")) {
    check.link = draft_.link_of(fields, "link");
    const std::string direction = fields.text("direction").value_or("both");
    if (direction == "forward") check.direction = 0;
    if (direction == "reverse") check.direction = 1;
    draft_.require_wire(
        *check.link, fmt::format("an expectation reads its counters (line {})", fields.at().line));
  } else {
    for (const std::string_view key : {"node", "iface"}) {
      if (fields.has(key)) continue;
      draft_.source.fail(fields.at(), fmt::format("`{}` is missing in `counters`", key),
                         "node = \"bob\" and iface = \"eth0\"");
    }
    if (fields.has("direction")) {
      draft_.source.fail(fields.find("direction")->at, "`direction` is of a link only",
                         "rx_… and tx_… are the directions of an interface");
    }
    check.node = draft_.host_of(fields, "node");
    check.interface = *fields.text("iface");
    check_interface(fields, "iface", *check.node, check.interface);
  }
  check.values = read_values(fields, check.link.has_value());
  return check;
}

Check Checks::file(const Fields& fields) {
  ExpectFile check;
  check.node = draft_.host_of(fields, "node");
  check.path = *fields.text("path");
  if (!check.path.is_absolute()) {
    fields.fail("path", fmt::format("{} does not begin with /", in_quotes(check.path.native())),
                "an absolute path, as a process in the node sees it");
  }
  assign(check.exists, fields.boolean("exists"));
  check.contains = fields.text("contains");
  read_matches(fields, "matches", check.matches);
  if (!check.exists && (check.contains || check.matches)) {
    fields.fail("exists", "a file that does not exist has no text",
                "leave `contains` and `matches` out");
  }
  assign(check.within, fields.duration("within"));
  return check;
}

}  // namespace warren::lab
