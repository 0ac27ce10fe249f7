// warren lab …: the virtual network lab.
#include "lab.hpp"

#include <CLI/CLI.hpp>

#include "commands.hpp"

namespace warren::cli {
namespace {

using Register = void (*)(CLI::App& lab, int& exit_code);

// In the order in which --help shows them.
constexpr Register kGroups[] = {
    register_lab_test,      //
    register_lab_sessions,  //
    register_lab_files,
};

}  // namespace

lab::Topology load_lab(const std::filesystem::path& file) {
  return read_argument([&] { return lab::load_topology(file); });
}

void register_lab(CLI::App& app, int& exit_code) {
  CLI::App* lab = app.add_subcommand("lab", "Build and test virtual networks described by files");
  lab->require_subcommand(1);
  for (const Register add : kGroups) add(*lab, exit_code);
  lab->footer(
      "A lab is a TOML file: nodes, links with delay, loss and rate, tunnels, what happens when, "
      "and\n"
      "what must be true. docs/LAB.md teaches it in ten minutes; configs/lab has examples.\n\n"
      "Example:\n"
      "  warren lab check configs/lab/two-hosts.toml\n"
      "  warren lab test configs/lab/*.toml\n\n"
      "`warren lab COMMAND --help` shows a command's options and an example.\n"
      "Exit codes: 0 passed, 1 an expectation failed, 2 the file or the command line is wrong,\n"
      "3 the machine could not provide something, 4 all was skipped.");
}

}  // namespace warren::cli
