// The commands of `warren lab`. A group of them that belong together is registered by one function,
// which adds its subcommands to `lab`; lab.cpp lists the groups in the order in which --help shows
// them. As for every command, callbacks report failure by throwing, or store `exit_code`.
#pragma once

#include <filesystem>

#include <warren/lab/topology.hpp>

namespace CLI {
class App;
}

namespace warren::cli {

/// up, down, list, status, exec, shell, set, capture
void register_lab_sessions(CLI::App& lab, int& exit_code);
void register_lab_test(CLI::App& lab, int& exit_code);
/// check, plan, graph
void register_lab_files(CLI::App& lab, int& exit_code);

/// lab::load_topology for a command whose argument the file is: one that cannot be read is a wrong
/// command line (UsageError).
lab::Topology load_lab(const std::filesystem::path& file);

}  // namespace warren::cli
