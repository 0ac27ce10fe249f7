// The program's table of contents: which commands there are, and the one place where errors end.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include <warren/base/error.hpp>
#include <warren/config/model.hpp>

#include "commands.hpp"

namespace {

using namespace warren;

using Register = void (*)(CLI::App& app, int& exit_code);

// In the order in which --help shows them.
constexpr Register kCommands[] = {
    cli::register_up,      //
    cli::register_down,    //
    cli::register_reload,  //
    cli::register_status,  //
    cli::register_doctor,  //
    cli::register_check,   //
    cli::register_genkey,  //
    cli::register_pubkey,  //
    cli::register_genpsk,  //
    cli::register_import,  //
    cli::register_lab,
};

constexpr std::string_view kDescription =
    "An encrypted overlay tunnel that speaks WireGuard on the wire, and a virtual network lab.";
constexpr std::string_view kFooter =
    "Example:\n"
    "  umask 077; warren genkey > wr0.key\n"
    "  warren check wr0.toml && warren up wr0.toml\n\n"
    "`warren COMMAND --help` shows a command's options and an example.\n"
    "Exit codes: 0 success, 1 failure, 2 wrong command line or configuration,\n"
    "3 the machine could not provide something, 4 nothing could run and all was skipped.";

/// CLI11 would only say that a command is missing. `prefix`: empty, or the command whose
/// subcommands these are with a space behind it; `words`: what follows it.
void refuse_unknown_command(const CLI::App& app, const std::string& prefix,
                            std::span<char* const> words) {
  if (words.empty() || words[0][0] == '-') return;
  const auto is_named = [&](const CLI::App* command) { return command->check_name(words[0]); };
  const auto found = app.get_subcommands(is_named);
  if (found.empty()) {
    throw cli::UsageError(fmt::format("there is no command `{}{}`", prefix, words[0]),
                          fmt::format("`warren {}--help` lists the commands", prefix));
  }
  const auto has_subcommands = !found.front()->get_subcommands([](auto*) { return true; }).empty();
  if (has_subcommands) {
    refuse_unknown_command(*found.front(), prefix + words[0] + " ", words.subspan(1));
  }
}

int run_warren(int argc, char** argv) {
  CLI::App app{std::string(kDescription), "warren"};
  app.footer(std::string(kFooter));
  app.set_version_flag("--version", "warren " WARREN_VERSION);
  app.require_subcommand(1);
  int exit_code = cli::kExitOk;
  for (const Register add : kCommands) add(app, exit_code);
  refuse_unknown_command(app, "", std::span(argv, static_cast<std::size_t>(argc)).subspan(1));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? cli::kExitOk : cli::kExitUsage;
  }
  return exit_code;
}

int dispatch(int argc, char** argv) {
  // Installed as a link of its own name, as wg-quick wants to call it.
  if (std::filesystem::path(argv[0]).filename() == "warren-wg") {
    return cli::run_warren_wg(argc, argv);
  }
  return run_warren(argc, argv);
}

int report(const char* what, const std::string& hint, int exit_code) {
  fmt::print(stderr, "warren: {}\n", what);
  if (!hint.empty()) fmt::print(stderr, "  hint: {}\n", hint);
  return exit_code;
}

int exit_code_of(const base::Error& error) {
  if (dynamic_cast<const base::SystemError*>(&error) != nullptr) return cli::kExitSystem;
  if (dynamic_cast<const config::ConfigError*>(&error) != nullptr) return cli::kExitUsage;
  if (dynamic_cast<const cli::UsageError*>(&error) != nullptr) return cli::kExitUsage;
  return cli::kExitFailure;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return dispatch(argc, argv);
  } catch (const base::Error& error) {
    return report(error.what(), error.hint(), exit_code_of(error));
  } catch (const std::exception& error) {
    return report(error.what(), {}, cli::kExitFailure);
  }
}
