// Steps as lines of text: `warren lab plan`.
#include <fmt/core.h>

#include <string>
#include <variant>

#include <warren/lab/plan.hpp>

namespace warren::lab {
namespace {

class Describer {
 public:
  explicit Describer(const Topology& topology) : topology_(topology) {}

  std::string operator()(const CreateNamespace& step) const {
    return line("namespace", namespace_name(topology_, step.node));
  }
  std::string operator()(const SetSysctl& step) const {
    return line("sysctl", fmt::format("{}: {} = {}", name(step.node), step.key, step.value));
  }
  std::string operator()(const CreateBridge& step) const {
    return line("bridge", at(step.node, step.name));
  }
  std::string operator()(const CreateVeth& step) const {
    return line("veth", fmt::format("{} -- {}", text(step.first), text(step.second)));
  }
  std::string operator()(const CreateTap& step) const {
    const Link& link = topology_.link(step.link);
    const std::string impairment = lab::describe(link.settings.at(step.end));
    return line("tap", fmt::format("{}, wire `{}`{}{}", text(step.device), link.name,
                                   impairment.empty() ? "" : ": ", impairment));
  }
  std::string operator()(const JoinBridge& step) const {
    return line("port", fmt::format("{} of {}", at(step.node, step.device), step.bridge));
  }
  std::string operator()(const AddAddress& step) const {
    return line("address",
                fmt::format("{} {}", at(step.node, step.device), step.address.to_string()));
  }
  std::string operator()(const SetUp& step) const { return line("up", at(step.node, step.device)); }
  std::string operator()(const AddRoute& step) const {
    const StaticRoute& route = step.route;
    std::string text = fmt::format("{}: {}", name(step.node), route.network.to_string());
    if (route.gateway) text += " via " + route.gateway->to_string();
    text += " dev " + route.interface;
    if (route.metric != 0) text += fmt::format(" metric {}", route.metric);
    return line("route", text);
  }
  std::string operator()(const AddMasquerade& step) const {
    return line("masquerade", at(step.node, step.outside));
  }
  std::string operator()(const AttachXdp& step) const {
    return line("xdp", fmt::format("{} {}, section {}", at(step.node, step.program.interface),
                                   step.program.object.string(), step.program.section));
  }

 private:
  static std::string line(const char* what, const std::string& text) {
    return fmt::format("{:<11}{}", what, text);
  }
  [[nodiscard]] const std::string& name(NodeId node) const { return topology_.node(node).name; }
  [[nodiscard]] std::string at(NodeId node, const std::string& device) const {
    return name(node) + ":" + device;
  }
  [[nodiscard]] std::string text(const Device& device) const {
    return fmt::format("{} ({}, mtu {})", at(device.node, device.name), device.mac.to_string(),
                       device.mtu);
  }

  const Topology& topology_;
};

}  // namespace

std::string describe(const Topology& topology, const Step& step) {
  return std::visit(Describer(topology), step);
}

}  // namespace warren::lab
