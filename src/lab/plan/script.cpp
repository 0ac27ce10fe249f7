// The plan as a shell script: what Warren does by netlink, readable, for whoever wants to see it,
// run it elsewhere, or take Warren out of the question. A test compares the two networks.
#include <fmt/format.h>  // core.h declares format_to so that clang cannot link it

#include <iterator>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <warren/base/text.hpp>
#include <warren/lab/plan.hpp>

namespace warren::lab {
namespace {

/// A string for nft, where only a quote could end it; no interface is called that way.
std::string nft_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : base::printable(text)) out += c == '"' || c == '\\' ? '?' : c;
  return out + "\"";
}

constexpr std::string_view kOpening = R"(#!/bin/sh
# The network of the lab {lab}, made with ip(8) and nft(8).
#
#   sh SCRIPT up      makes it, or nothing if a part fails; refuses when a namespace of it exists
#   sh SCRIPT down    removes it, and ends what runs in it
#
# Needs root. Each node is a network namespace: `ip netns exec {example} sh` is a shell in one.
# These are the steps of `warren lab plan {file}`, in their order. Programs, tunnels, the timeline and
# the impairment of links are not in here: a link that Warren would carry frame by frame is a veth
# pair, and a comment says what would happen to its frames.
set -eu

namespaces='{namespaces}'
)";

constexpr std::string_view kFunctions = R"(
# settings NAMESPACE [FILE VALUE]...: files below /proc/sys, as the namespace sees them.
settings() {
  namespace=$1
  shift
  # shellcheck disable=SC2016  # the inner shell expands it
  ip netns exec "$namespace" sh -euc '
    while [ $# -ge 2 ]; do
      case $1 in
        net/ipv6/*/disable_ipv6) [ -e "/proc/sys/$1" ] || { shift 2; continue; } ;;
      esac
      printf "%s\n" "$2" >"/proc/sys/$1"
      shift 2
    done' settings "$@"
}
)";

constexpr std::string_view kEnding = R"(
down() {
  for name in $namespaces; do
    [ -e "/run/netns/$name" ] || continue
    for pid in $(ip netns pids "$name"); do kill "$pid" 2>/dev/null || true; done
    ip netns delete "$name"
  done
}

up() {
  for name in $namespaces; do
    if [ -e "/run/netns/$name" ]; then
      printf '%s: the namespace %s exists already: is the lab up? "%s down" removes it\n' \
        "$0" "$name" "$0" >&2
      exit 1
    fi
  done
  trap down EXIT
  trap 'exit 1' HUP INT TERM
  make
  trap - EXIT HUP INT TERM
}

case "${1-}" in
  up) up ;;
  down) down ;;
  *) printf 'usage: %s up|down\n' "$0" >&2; exit 2 ;;
esac
)";

class Writer {
 public:
  explicit Writer(const Topology& topology) : topology_(topology) {}

  std::string write(const std::vector<Step>& steps) {
    std::string out = opening(steps);
    out += kFunctions;
    out += "\nmake() {\n";
    for (const Step& step : steps) {
      if (const auto* sysctl = std::get_if<SetSysctl>(&step)) {
        setting(*sysctl);
        continue;
      }
      end_settings();
      std::visit(*this, step);
    }
    end_settings();
    // A function's body must not be empty.
    out += body_.empty() ? "  :\n" : body_;
    out += "}\n";
    out += kEnding;
    return out;
  }

  void operator()(const CreateNamespace& step) {
    line("ip netns add " + ns(step.node));
    ip(step.node, "link set dev lo up");
  }
  void operator()(const SetSysctl&) {}  // collected by setting()
  void operator()(const CreateBridge& step) {
    const std::string name = base::shell_word(step.name);
    ip(step.node, fmt::format("link add name {} index {} type bridge stp_state 0 mcast_snooping 0",
                              name, step.index));
    ip(step.node, fmt::format("link set dev {} up", name));
  }
  void operator()(const CreateVeth& step) { pair(step.first, step.second); }
  void operator()(const CreateTap& step) {
    if (step.end == 0) {
      first_end_ = step.device;
      return;
    }
    const Link& link = topology_.link(step.link);
    comment(fmt::format("Wired in Warren: `{}`, here without impairment.", link.name));
    for (std::size_t direction = 0; direction < 2; ++direction) {
      const std::string impairment = lab::describe(link.settings.at(direction));
      comment(fmt::format("  {} to {}: {}", node_of(link.ends.at(direction)),
                          node_of(link.ends.at(1 - direction)),
                          impairment.empty() ? "as it is" : impairment));
    }
    pair(first_end_, step.device);
  }
  void operator()(const JoinBridge& step) {
    ip(step.node, fmt::format("link set dev {} master {}", base::shell_word(step.device),
                              base::shell_word(step.bridge)));
  }
  void operator()(const AddAddress& step) {
    const bool v4 = step.address.address.is_v4();
    ip(step.node, fmt::format("address add {} dev {}{}", step.address.to_string(),
                              base::shell_word(step.device), v4 ? "" : " nodad"));
  }
  void operator()(const SetUp& step) {
    ip(step.node, fmt::format("link set dev {} up", base::shell_word(step.device)));
  }
  void operator()(const AddRoute& step) {
    const StaticRoute& route = step.route;
    const bool v4 = route.network.address().is_v4();
    std::string words = "route add " + route.network.to_string();
    if (route.gateway) {
      const bool other_family = route.gateway->is_v4() != v4;
      words += fmt::format(" via {}{}", other_family ? v4 ? "inet6 " : "inet " : "",
                           route.gateway->to_string());
    }
    words += " dev " + base::shell_word(route.interface) + " proto static";
    if (route.metric != 0) words += fmt::format(" metric {}", route.metric);
    ip(step.node, words);
  }
  void operator()(const AddMasquerade& step) {
    line(fmt::format("ip netns exec {} nft -f - <<'RULES'", ns(step.node)));
    body_ += fmt::format(
        "table inet warren {{\n"
        "  chain postrouting {{\n"
        "    type nat hook postrouting priority srcnat\n"
        "    oifname {} masquerade\n"
        "  }}\n"
        "}}\n"
        "RULES\n",
        nft_string(step.outside));
  }
  void operator()(const AttachXdp& step) {
    ip(step.node,
       fmt::format("link set dev {} xdp obj {} sec {}", base::shell_word(step.program.interface),
                   base::shell_word(step.program.object.string()),
                   base::shell_word(step.program.section)));
  }

 private:
  [[nodiscard]] std::string opening(const std::vector<Step>& steps) const {
    std::string namespaces;
    std::string example = "NAME";
    for (const Step& step : steps) {
      const auto* create = std::get_if<CreateNamespace>(&step);
      if (create == nullptr) continue;
      if (namespaces.empty()) example = namespace_name(topology_, create->node);
      if (!namespaces.empty()) namespaces += '\n';
      namespaces += namespace_name(topology_, create->node);
    }
    return fmt::format(kOpening, fmt::arg("lab", base::printable(topology_.name)),
                       fmt::arg("file", base::printable(topology_.file.string())),
                       fmt::arg("example", example), fmt::arg("namespaces", namespaces));
  }

  [[nodiscard]] std::string ns(NodeId node) const {
    return base::shell_word(namespace_name(topology_, node));
  }
  [[nodiscard]] const std::string& node_of(const LinkEnd& end) const {
    return topology_.node(end.node).name;
  }
  void line(std::string_view text) { fmt::format_to(std::back_inserter(body_), "  {}\n", text); }
  /// A comment ends with its line, so the text must not have line breaks.
  void comment(std::string_view text) { line("# " + base::printable(text)); }
  void ip(NodeId node, std::string_view words) {
    line(fmt::format("ip -n {} {}", ns(node), words));
  }

  void pair(const Device& first, const Device& second) {
    line(fmt::format("ip -n {} link add name {} index {} address {} mtu {} type veth \\",
                     ns(first.node), base::shell_word(first.name), first.index,
                     first.mac.to_string(), first.mtu));
    line(fmt::format("  peer name {} index {} address {} mtu {} netns {}",
                     base::shell_word(second.name), second.index, second.mac.to_string(),
                     second.mtu, ns(second.node)));
  }

  /// Settings of a namespace that follow each other go into one command.
  void setting(const SetSysctl& step) {
    if (settings_.empty() || settings_of_ != step.node) {
      end_settings();
      settings_of_ = step.node;
      settings_ = "settings " + ns(step.node);
    }
    settings_ +=
        " \\\n    " + base::shell_word(sysctl_path(step.key)) + " " + base::shell_word(step.value);
  }
  void end_settings() {
    if (!settings_.empty()) line(settings_);
    settings_.clear();
  }

  const Topology& topology_;
  std::string body_;
  std::string settings_;
  NodeId settings_of_;
  Device first_end_;  // of the wired link whose second end comes next
};

}  // namespace

std::string shell_script(const Topology& topology, const std::vector<Step>& steps) {
  return Writer(topology).write(steps);
}

}  // namespace warren::lab
