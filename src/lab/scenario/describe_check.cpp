// Expectations in words, for reports.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <variant>

#include "judge.hpp"
#include "process_text.hpp"
#include "statistics.hpp"

namespace warren::lab {
namespace {

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

void add_bound(std::string& text, const char* name, const std::optional<Bound>& bound) {
  if (bound) text += fmt::format(", {} {}", name, bound->text);
}

class Describer {
 public:
  explicit Describer(const Topology& topology) : topology_(topology) {}

  std::string operator()(const ExpectPing& asked) const {
    return fmt::format("{} from {} to {} {} {}{}{}", asked.reachable ? "ping" : "no ping",
                       name(asked.from), asked.to.text, asked.reachable ? "within" : "for",
                       format_time(asked.within),
                       asked.payload_bytes == ExpectPing{}.payload_bytes
                           ? std::string()
                           : fmt::format(", {} bytes", asked.payload_bytes),
                       asked.dont_fragment ? ", unfragmented" : "");
  }
  std::string operator()(const ExpectRtt& asked) const {
    std::string text = fmt::format("round trip from {} to {}, {} times", name(asked.from),
                                   asked.to.text, asked.count);
    add_bound(text, "min", asked.min);
    add_bound(text, "p50", asked.p50);
    add_bound(text, "p90", asked.p90);
    add_bound(text, "p99", asked.p99);
    add_bound(text, "max", asked.max);
    add_bound(text, "loss", asked.loss);
    return text;
  }
  std::string operator()(const ExpectTcp& asked) const {
    std::string text =
        fmt::format("TCP from {} to {}, {}", name(asked.from), asked.to.text,
                    asked.bytes ? fmt::format("{} bytes", *asked.bytes)
                                : fmt::format("for {}", format_time(asked.duration)));
    if (asked.streams > 1) text += fmt::format(", {} streams", asked.streams);
    if (!asked.congestion.empty()) text += ", " + asked.congestion;
    add_bound(text, "rate", asked.rate);
    return text;
  }
  std::string operator()(const ExpectUdp& asked) const {
    std::string text = fmt::format("UDP from {} to {}, {} bytes each", name(asked.from),
                                   asked.to.text, asked.payload_bytes);
    if (asked.packets_per_s != 0) {
      text += fmt::format(", {} packets/s", asked.packets_per_s);
    } else if (asked.rate_bps != 0) {
      text += fmt::format(", {}", format_rate(static_cast<double>(asked.rate_bps)));
    }
    text += asked.count ? fmt::format(", {} packets", *asked.count)
                        : fmt::format(", for {}", format_time(asked.duration));
    add_bound(text, "loss", asked.loss);
    add_bound(text, "reordered", asked.reordered);
    add_bound(text, "duplicated", asked.duplicated);
    add_bound(text, "rate", asked.rate);
    return text;
  }
  std::string operator()(const ExpectRun& asked) const {
    return fmt::format("`{}` at {} exits with {}{} {}", join_command(asked.command),
                       name(asked.node), asked.exit, asked.retry ? ", again and again," : "",
                       fmt::format("within {}", format_time(asked.within)));
  }
  std::string operator()(const ExpectNoPlaintext& asked) const {
    return fmt::format("`{}`, sent from {} to {}, is not readable on the link {}", asked.marker,
                       name(asked.from), asked.to.text, topology_.link(asked.link).name);
  }
  std::string operator()(const ExpectRoute& asked) const {
    std::string text = fmt::format("route at {} to {}", name(asked.node), asked.to.text);
    if (asked.via) text += fmt::format(" via {}", asked.via->to_string());
    if (asked.interface) text += fmt::format(" dev {}", *asked.interface);
    if (asked.source) text += fmt::format(" source {}", asked.source->to_string());
    return text;
  }
  std::string operator()(const ExpectHandshake& asked) const {
    return fmt::format("handshake of {}{} within {}",
                       topology_.tunnels.at(asked.tunnel.value()).name,
                       asked.node ? fmt::format(" at {}", name(*asked.node)) : std::string(),
                       format_time(asked.within));
  }
  std::string operator()(const ExpectCounters& asked) const {
    std::string text =
        asked.link ? fmt::format("counters of the link {}", topology_.link(*asked.link).name)
                   : fmt::format("counters of {}:{}", asked.node ? name(*asked.node) : "",
                                 asked.interface);
    for (const auto& [counter, bound] : asked.values) {
      text += fmt::format(", {} {}", counter, bound.text);
    }
    return text;
  }
  std::string operator()(const ExpectFile& asked) const {
    std::string text = fmt::format("{} at {} {}", asked.path.native(), name(asked.node),
                                   asked.exists ? "exists" : "does not exist");
    if (asked.contains) text += fmt::format(", contains `{}`", *asked.contains);
    if (asked.matches) text += fmt::format(", matches `{}`", *asked.matches);
    return text;
  }

 private:
  [[nodiscard]] const std::string& name(NodeId node) const { return topology_.node(node).name; }
  const Topology& topology_;
};

}  // namespace

std::string kind_of(const Check& check) {
  return std::visit(Overloaded{
                        [](const ExpectPing&) { return "ping"; },
                        [](const ExpectRtt&) { return "rtt"; },
                        [](const ExpectTcp&) { return "tcp"; },
                        [](const ExpectUdp&) { return "udp"; },
                        [](const ExpectRun&) { return "run"; },
                        [](const ExpectNoPlaintext&) { return "no_plaintext"; },
                        [](const ExpectRoute&) { return "route"; },
                        [](const ExpectHandshake&) { return "handshake"; },
                        [](const ExpectCounters&) { return "counters"; },
                        [](const ExpectFile&) { return "file"; },
                    },
                    check);
}

std::string describe(const Topology& topology, const Check& check) {
  return std::visit(Describer(topology), check);
}

}  // namespace warren::lab
