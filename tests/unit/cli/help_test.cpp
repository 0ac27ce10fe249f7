#include <catch2/catch_test_macros.hpp>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "run_warren.hpp"

using namespace warren::cli::test;

namespace {

/// The commands as `warren --help` lists them, or those of a command, with its name in front.
std::vector<std::string> listed_commands(const TemporaryFolder& folder,
                                         const std::string& prefix = "") {
  std::istringstream help(run(folder, "warren " + prefix + "--help").out);
  std::vector<std::string> commands;
  std::string line;
  bool in_list = false;
  while (std::getline(help, line)) {
    if (line == "Subcommands:") {
      in_list = true;
    } else if (line.empty()) {
      in_list = false;
    } else if (in_list && line.size() > 2 && line[2] != ' ') {
      commands.push_back(prefix + line.substr(2, line.find(' ', 2) - 2));
    }
  }
  return commands;
}

std::vector<std::string> all_commands(const TemporaryFolder& folder) {
  std::vector<std::string> commands = listed_commands(folder);
  for (std::string& command : listed_commands(folder, "lab ")) {
    commands.push_back(std::move(command));
  }
  return commands;
}

}  // namespace

TEST_CASE("the help of every command has an example of that command") {
  const TemporaryFolder folder;
  const auto commands = all_commands(folder);
  CHECK(commands.size() >= 14);
  for (const std::string& command : commands) {
    CAPTURE(command);
    const Result result = run(folder, "warren " + command + " --help");
    CHECK(result.exit_code == 0);
    const std::size_t example = result.out.find("\nExample:\n");
    REQUIRE(example != std::string::npos);
    CHECK(contains(result.out.substr(example), "warren " + command));
  }
}

TEST_CASE("every command is in the manual page and in the completion") {
  const TemporaryFolder folder;
  const std::string manual = text_of(WARREN_SOURCE_DIR "/docs/man/warren.1");
  const std::string completion = text_of(WARREN_SOURCE_DIR "/docs/completion/warren.bash");
  for (const std::string& command : all_commands(folder)) {
    CAPTURE(command);
    CHECK(contains(manual, ".It Nm warren Cm " + command));
    CHECK(contains(completion, command.substr(command.rfind(' ') + 1)));
  }
}

TEST_CASE("the version is told") {
  const TemporaryFolder folder;
  const Result result = run(folder, "warren --version");
  CHECK(result.exit_code == 0);
  CHECK(result.out.starts_with("warren 0."));
}

TEST_CASE("a wrong command line exits with 2 and says so on standard error") {
  const TemporaryFolder folder;
  for (const std::string arguments : {"", "frobnicate", "check", "check --frobnicate x", "genkey x",
                                      "lab", "lab frobnicate", "lab check"}) {
    CAPTURE(arguments);
    const Result result = run(folder, "warren " + arguments);
    CHECK(result.exit_code == 2);
    CHECK(result.out.empty());
    CHECK_FALSE(result.err.empty());
  }
}

TEST_CASE("an unknown command is named") {
  const TemporaryFolder folder;
  CHECK(contains(run(folder, "warren frobnicate wr0").err, "there is no command `frobnicate`"));
  CHECK(contains(run(folder, "warren lab frobnicate").err, "there is no command `lab frobnicate`"));
}
