// The runner has no threads and touches nothing of the kernel's: it starts a process for each run
// and listens to them.
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <warren/base/error.hpp>
#include <warren/base/system_calls.hpp>
#include <warren/lab/report.hpp>
#include <warren/lab/runner.hpp>
#include <warren/system/clock.hpp>
#include <warren/system/signals.hpp>

#include "run_process.hpp"
#include "session.hpp"
#include "waiting.hpp"

namespace warren::lab {
namespace {

using namespace std::chrono_literals;

constexpr base::Duration kFrame = 100ms;

/// Labs in different folders may have one name, and a file may be given twice.
std::string unused_name(const std::string& name, std::set<std::string>& taken) {
  std::string unused = name;
  for (int i = 2; !taken.insert(unused).second; ++i) unused = fmt::format("{}-{}", name, i);
  return unused;
}

std::vector<Run> plan_runs(const std::vector<Topology>& topologies, const RunnerOptions& options) {
  std::vector<Run> runs;
  std::set<std::string> taken;
  for (unsigned repetition = 0; repetition < options.repeat; ++repetition) {
    for (const Topology& each : topologies) {
      Run run{each, options.repeat > 1 ? repetition + 1 : 0, {}};
      run.topology.seed = options.seed.value_or(each.seed);
      if (options.vary_seed) run.topology.seed += repetition;
      run.evidence = unused_name(
          evidence_name(blank_result(run.topology, run.number, options.replay_file)), taken);
      runs.push_back(std::move(run));
    }
  }
  return runs;
}

std::string display_name(const Run& run) {
  return run.number == 0 ? run.topology.name
                         : fmt::format("{} ({})", run.topology.name, run.number);
}

class Runner {
 public:
  Runner(const std::vector<Topology>& topologies, const RunnerOptions& options)
      : options_(absolute(options)),
        out_(options.tap ? STDERR_FILENO : STDOUT_FILENO),
        style_(progress_style(out_)),
        runs_(plan_runs(topologies, options)),
        progress_(style_, runs_.size()),
        results_(runs_.size()),
        signals_({SIGINT, SIGTERM, SIGHUP, SIGWINCH}) {}

  std::vector<LabResult> run() {
    std::size_t next = 0;
    while (next < runs_.size() || !processes_.empty()) {
      while (next < runs_.size() && processes_.size() < options_.jobs && signal_ == 0)
        start(next++);
      if (signal_ != 0) next = runs_.size();
      if (!processes_.empty()) wait();
    }
    // Those that were never begun are no results.
    std::vector<LabResult> results;
    for (auto& each : results_) {
      if (each) results.push_back(std::move(*each));
    }
    return results;
  }

  [[nodiscard]] int out() const noexcept { return out_; }
  [[nodiscard]] bool colour() const noexcept { return style_.colour; }
  [[nodiscard]] int signal() const noexcept { return signal_; }

 private:
  static RunnerOptions absolute(RunnerOptions options) {
    options.artifacts = std::filesystem::absolute(options.artifacts);
    return options;
  }

  void start(std::size_t index) {
    const Run& run = runs_[index];
    const std::size_t line = progress_.begin(display_name(run), system::boot_now());
    if (auto reason = reason_to_skip(run.topology, ::geteuid() == 0)) {
      LabResult result = blank_result(run.topology, run.number, options_.replay_file);
      result.outcome = Outcome::skipped;
      result.message = std::move(*reason);
      finish(index, line, std::move(result));
      return;
    }
    processes_.emplace_back(index, std::make_unique<RunProcess>(run, line, options_));
    draw();
  }

  void wait() {
    std::vector<pollfd> polls{{signals_.fd(), POLLIN, 0}};
    base::Instant deadline = style_.live ? system::boot_now() + kFrame : base::Instant::max();
    for (const auto& [index, process] : processes_) {
      polls.push_back({process->pipe(), POLLIN, 0});
      deadline = std::min(deadline, process->deadline());
    }
    wait_for(polls, deadline, never_);
    if (polls.front().revents != 0) handle_signals();
    std::size_t position = 1;
    for (auto each = processes_.begin(); each != processes_.end(); ++position) {
      RunProcess& process = *each->second;
      if (polls[position].revents != 0 && !process.listen(progress_)) {
        process.conclude();
        finish(each->first, process.line(), process.result());
        each = processes_.erase(each);
        continue;
      }
      if (system::boot_now() >= process.deadline()) process.overdue();
      ++each;
    }
    draw();
  }

  void handle_signals() {
    for (const int each : signals_.drain()) {
      if (each == SIGWINCH) {
        progress_.resize(progress_style(out_).columns);
        continue;
      }
      // A second one is for those who cannot wait.
      for (auto& [index, process] : processes_) {
        if (signal_ == 0) {
          process->ask_to_end();
        } else {
          process->overdue();
        }
      }
      if (signal_ == 0) progress_.say("interrupted: taking down");
      signal_ = each;
    }
  }

  void finish(std::size_t index, std::size_t line, LabResult result) {
    progress_.finish(line, result, system::boot_now());
    results_[index] = std::move(result);
    draw();
  }

  void draw() { base::write_all(out_, progress_.draw(system::boot_now())); }

  RunnerOptions options_;
  int out_;
  ProgressStyle style_;
  std::vector<Run> runs_;
  Progress progress_;
  std::vector<std::optional<LabResult>> results_;
  system::SignalFd signals_;
  Stop never_;
  std::list<std::pair<std::size_t, std::unique_ptr<RunProcess>>> processes_;
  int signal_ = 0;
};

void write_report(const std::filesystem::path& path, std::string_view text,
                  std::ios::openmode mode) {
  std::ofstream out(path, mode | std::ios::binary);
  out << text << std::flush;
  if (!out) throw base::SystemError("writing", path.native(), errno);
}

const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// What is printed first: a file that cannot be written does not hide it.
void report_all(const std::vector<LabResult>& results, const RunnerOptions& options, int out,
                bool colour) {
  const bool on_github = std::string_view(variable("GITHUB_ACTIONS")) == "true";
  std::FILE* to = out == STDERR_FILENO ? stderr : stdout;
  fmt::print(to, "{}", final_summary(results, colour));
  if (options.tap) fmt::print("{}", tap(results));
  if (on_github) fmt::print(to, "{}", github_annotations(results, variable("GITHUB_WORKSPACE")));
  static_cast<void>(std::fflush(nullptr));
  if (options.junit) write_report(*options.junit, junit_xml(results), std::ios::trunc);
  if (const std::string path = variable("GITHUB_STEP_SUMMARY"); on_github && !path.empty()) {
    write_report(path, step_summary(results), std::ios::app);
  }
}

}  // namespace

std::optional<std::string> reason_to_skip(const Topology& topology, bool is_root) {
  if (const auto needs = topology.needs_root(); needs && !is_root) return needs;
  for (const Node& node : topology.nodes) {
    std::error_code error;
    if (node.xdp && !std::filesystem::exists(node.xdp->object, error)) {
      return fmt::format(
          "there is no {} for the node {}: build it, or name its folder in "
          "WARREN_LAB_PATH",
          node.xdp->object.native(), node.name);
    }
  }
  return {};
}

int exit_code(const std::vector<LabResult>& results) {
  const auto has = [&](Outcome outcome) {
    return std::any_of(results.begin(), results.end(),
                       [&](const LabResult& each) { return each.outcome == outcome; });
  };
  if (has(Outcome::failed)) return 1;
  if (has(Outcome::error)) return 3;
  return has(Outcome::passed) || results.empty() ? 0 : 4;
}

std::vector<LabResult> run_labs(const std::vector<Topology>& topologies,
                                const RunnerOptions& options) {
  int interrupted = 0;
  std::vector<LabResult> results;
  {
    Runner runner(topologies, options);
    results = runner.run();
    interrupted = runner.signal();
    try {
      report_all(results, options, runner.out(), runner.colour());
    } catch (const base::Error& error) {
      // What failed is the worse news.
      if (exit_code(results) != 1) throw;
      fmt::print(stderr, "warren: {}\n", error.what());
    }
  }
  if (interrupted != 0) {
    // Whoever waits for this process sees by what it ended.
    static_cast<void>(::signal(interrupted, SIG_DFL));
    static_cast<void>(::raise(interrupted));
  }
  return results;
}

}  // namespace warren::lab
