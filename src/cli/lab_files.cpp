// warren lab check, plan, graph: what can be said of a lab's file without making anything.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>

#include <warren/base/units.hpp>
#include <warren/lab/plan.hpp>
#include <warren/lab/topology.hpp>

#include "commands.hpp"
#include "lab.hpp"

namespace warren::cli {
namespace {

void check(const std::string& file) {
  const lab::Topology topology = load_lab(file);
  const auto wired = static_cast<std::size_t>(
      std::ranges::count_if(topology.links, [](const lab::Link& link) { return link.wired; }));
  fmt::print("{}: ok ({}: {}, {} ({} by wire), {}, {})\n", file, topology.name,
             base::counted(topology.nodes.size(), "node"),
             base::counted(topology.links.size(), "link"), wired,
             base::counted(topology.tunnels.size(), "tunnel"),
             base::counted(topology.expectations.size(), "expectation"));
  if (const auto reason = topology.needs_root()) fmt::print("  needs root: {}\n", *reason);
}

void print_plan(const std::string& file, bool as_script) {
  const lab::Topology topology = load_lab(file);
  const auto steps = lab::plan(topology);
  if (as_script) {
    fmt::print("{}", lab::shell_script(topology, steps));
    return;
  }
  for (const lab::Step& step : steps) fmt::print("{}\n", lab::describe(topology, step));
}

const std::map<std::string, lab::GraphFormat> kFormats{{"svg", lab::GraphFormat::svg},
                                                       {"dot", lab::GraphFormat::dot},
                                                       {"mermaid", lab::GraphFormat::mermaid}};

struct GraphOptions {
  std::string file;
  std::string output;
  std::string format;
};

/// What --format says, else what the output file's name ends with.
lab::GraphFormat format_of(const GraphOptions& options) {
  if (!options.format.empty()) return kFormats.at(options.format);
  const std::filesystem::path ending = std::filesystem::path(options.output).extension();
  if (ending == ".dot" || ending == ".gv") return lab::GraphFormat::dot;
  if (ending == ".mmd" || ending == ".mermaid") return lab::GraphFormat::mermaid;
  return lab::GraphFormat::svg;
}

void graph(const GraphOptions& options) {
  const std::string picture = lab::draw(load_lab(options.file), format_of(options));
  if (options.output.empty() || options.output == "-") {
    fmt::print("{}", picture);
    return;
  }
  errno = 0;
  std::ofstream out(options.output, std::ios::binary | std::ios::trunc);
  out << picture << std::flush;
  if (!out) throw base::SystemError("writing", options.output, errno);
}

void register_check_file(CLI::App& lab) {
  CLI::App* command = lab.add_subcommand("check", "Validate a lab's file");
  const auto file = std::make_shared<std::string>();
  command->add_option("FILE", *file, "the lab, in TOML")->required();
  command->footer(
      "Exits with 0 if `warren lab test FILE` would accept the file, else with 2 and the place of "
      "the\n"
      "error. Makes nothing and needs no privileges.\n\n"
      "Example:\n"
      "  warren lab check configs/lab/nat-tunnel.toml");
  command->callback([file] { check(*file); });
}

void register_plan(CLI::App& lab) {
  CLI::App* command = lab.add_subcommand("plan", "Print the steps that make a lab's network");
  const auto file = std::make_shared<std::string>();
  const auto as_script = std::make_shared<bool>(false);
  command->add_option("FILE", *file, "the lab, in TOML")->required();
  command->add_flag("--sh", *as_script, "print a shell script that does the same with ip and nft");
  command->footer(
      "One line per step, in the order in which `warren lab up` does them. With --sh a POSIX "
      "shell\n"
      "script, to be run as root with `up` or `down`. Makes nothing itself.\n\n"
      "Example:\n"
      "  warren lab plan configs/lab/switch.toml\n"
      "  warren lab plan --sh configs/lab/switch.toml > switch.sh && sudo sh switch.sh up");
  command->callback([file, as_script] { print_plan(*file, *as_script); });
}

void register_graph(CLI::App& lab) {
  CLI::App* command = lab.add_subcommand("graph", "Draw a lab");
  const auto options = std::make_shared<GraphOptions>();
  command->add_option("FILE", options->file, "the lab, in TOML")->required();
  command
      ->add_option("--format", options->format,
                   "svg, dot or mermaid; else the output's ending says it, else svg")
      ->check(CLI::IsMember(kFormats));
  command->add_option("-o,--output", options->output, "the file to write; else standard output");
  command->footer(
      "Nodes, interfaces with their addresses, links with their impairments, tunnels dashed. SVG "
      "is\n"
      "drawn by Graphviz's `dot`; DOT and Mermaid (which GitHub renders in Markdown) need "
      "nothing.\n\n"
      "Example:\n"
      "  warren lab graph configs/lab/mesh.toml -o mesh.svg\n"
      "  warren lab graph configs/lab/mesh.toml --format mermaid");
  command->callback([options] { graph(*options); });
}

}  // namespace

void register_lab_files(CLI::App& lab, int&) {
  register_check_file(lab);
  register_plan(lab);
  register_graph(lab);
}

}  // namespace warren::cli
