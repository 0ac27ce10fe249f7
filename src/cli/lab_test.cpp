// warren lab test: labs as tests.
#include "lab.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include <warren/base/error.hpp>
#include <warren/base/fd.hpp>
#include <warren/config/model.hpp>
#include <warren/impair/recording.hpp>
#include <warren/lab/runner.hpp>

#include "commands.hpp"

namespace warren::cli {
namespace {

struct Options {
  std::vector<std::string> files;
  std::string junit;
  std::string replay;
  std::optional<std::uint64_t> seed;
  lab::RunnerOptions run;
};

/// All of them, or none: every file that is wrong is told before anything runs.
std::optional<std::vector<lab::Topology>> load_all(const std::vector<std::string>& files) {
  std::vector<lab::Topology> topologies;
  bool wrong = false;
  for (const std::string& each : files) {
    try {
      topologies.push_back(load_lab(each));
    } catch (const base::Error& error) {
      wrong = true;
      fmt::print(stderr, "warren: {}\n", error.what());
      if (!error.hint().empty()) fmt::print(stderr, "  hint: {}\n", error.hint());
    }
  }
  if (wrong) return {};
  return topologies;
}

std::shared_ptr<const impair::Recording> load_recording(const std::string& file) {
  if (file.empty()) return {};
  auto recording =
      impair::Recording::parse(read_argument([&] { return config::read_text_file(file); }));
  if (!recording) {
    throw UsageError(
        fmt::format("{}:{}: {}", file, recording.error().line, recording.error().message),
        "verdicts.txt of a failed test's evidence is such a file");
  }
  return std::make_shared<const impair::Recording>(*std::move(recording));
}

/// Before anything runs: nobody wants to learn at the end that there is no place for the report.
std::filesystem::path prepare_report(const std::filesystem::path& path) {
  constexpr const char* kHint = "--junit names a file in a folder that you may write to";
  std::error_code error;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  if (error) {
    throw UsageError(fmt::format("making the folder of {}: {}", path.native(), error.message()),
                     kHint);
  }
  // Its reader takes the first end for the last.
  if (std::filesystem::is_fifo(path, error)) return path;
  const base::Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
  if (!file) {
    throw UsageError(base::SystemError("writing", path.native(), errno).what(), kHint);
  }
  return path;
}

void test(Options& options, int& exit_code) {
  const auto topologies = load_all(options.files);
  if (!topologies) {
    exit_code = kExitUsage;
    return;
  }
  options.run.seed = options.seed;
  options.run.replay = load_recording(options.replay);
  options.run.replay_file = options.replay;
  if (!options.junit.empty()) options.run.junit = prepare_report(options.junit);
  exit_code = lab::exit_code(lab::run_labs(*topologies, options.run));
}

}  // namespace

void register_lab_test(CLI::App& lab, int& exit_code) {
  CLI::App* command = lab.add_subcommand("test", "Run labs and check their expectations");
  const auto options = std::make_shared<Options>();
  command->add_option("FILE", options->files, "labs")->required();
  command->add_option("-j,--jobs", options->run.jobs, "how many at the same time")
      ->check(CLI::Range(1U, 64U))
      ->capture_default_str();
  command->add_option("--junit", options->junit, "write JUnit XML to this file");
  command->add_flag("--tap", options->run.tap, "TAP on standard output; progress on the other");
  command
      ->add_option("--artifacts", options->run.artifacts,
                   "the folder for the evidence of failed tests")
      ->capture_default_str();
  // CLI11 takes -1 for the largest number there is.
  command->add_option("--seed", options->seed, "of the dice, instead of the file's")
      ->check([](const std::string& text) -> std::string {
        return text.starts_with('-') ? "a seed is not negative" : "";
      });
  command->add_option("--repeat", options->run.repeat, "run each lab so many times")
      ->check(CLI::Range(1U, 1'000'000U))
      ->capture_default_str();
  command->add_flag("--vary-seed", options->run.vary_seed, "one more at each repetition");
  command->add_option("--replay", options->replay,
                      "apply the verdicts of this file instead of the dice");
  command->footer(
      "Every file is checked before anything runs. A failed test leaves its evidence in a folder\n"
      "of the artifacts: index.html shows it.\n\n"
      "Example:\n"
      "  warren lab test -j4 --junit labs.xml configs/lab/*.toml\n"
      "  warren lab test --repeat 50 --vary-seed lossy.toml");
  command->callback([options, &exit_code] { test(*options, exit_code); });
}

}  // namespace warren::cli
