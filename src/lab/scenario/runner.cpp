// The runner has no threads and touches nothing of the kernel's: it forks a session for each run
// and listens. What a session says is one line of JSON each: {"doing": …}, {"so_far": …}, and at
// its end
// {"result": …}. A session that ends without a result has crashed or was killed.
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <list>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include <warren/base/error.hpp>
#include <warren/base/fd.hpp>
#include <warren/base/system_calls.hpp>
#include <warren/lab/report.hpp>
#include <warren/lab/runner.hpp>
#include <warren/system/clock.hpp>
#include <warren/system/signals.hpp>

#include "process_text.hpp"
#include "session.hpp"
#include "statistics.hpp"
#include "waiting.hpp"

namespace warren::lab {
namespace {

using namespace std::chrono_literals;

// What a run may take beyond its scenario: bringing up, evidence, taking down.
constexpr base::Duration kAllowance = 60s;
// Between asking a session to end and killing it.
constexpr base::Duration kEndPatience = 15s;
constexpr base::Duration kFrame = 100ms;

struct Run {
  Topology topology;  // with this run's seed
  std::uint32_t number = 0;
};

std::vector<Run> plan_runs(const std::vector<Topology>& topologies, const RunnerOptions& options) {
  std::vector<Run> runs;
  for (unsigned repetition = 0; repetition < options.repeat; ++repetition) {
    for (const Topology& each : topologies) {
      Run run{each, options.repeat > 1 ? repetition + 1 : 0};
      run.topology.seed = options.seed.value_or(each.seed);
      if (options.vary_seed) run.topology.seed += repetition;
      runs.push_back(std::move(run));
    }
  }
  return runs;
}

std::string display_name(const Run& run) {
  return run.number == 0 ? run.topology.name
                         : fmt::format("{} ({})", run.topology.name, run.number);
}

base::Duration longest_duration(const Topology& topology) {
  base::Duration longest = topology.timeout + kAllowance;
  for (const Node& node : topology.nodes) {
    for (const Program& each : node.programs) longest += each.ready.within;
  }
  return longest;
}

/// The whole line, whatever the pipe's size; nothing when the runner is gone.
void write_line(int fd, const nlohmann::json& json) {
  // Output of commands may be anything; a report shows what can be shown.
  const std::string line =
      json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
  base::write_all(fd, line);
}

/// In the forked process; does not return.
[[noreturn]] void be_session(const Run& run, const RunnerOptions& options, pid_t runner, int out) {
  // A terminal's interrupt goes to the runner, which passes it on; output belongs to it, too.
  ::setpgid(0, 0);
  if (const base::Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC)); null) {
    ::dup2(null.get(), STDIN_FILENO);
  }
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  SessionOptions session;
  session.runner = runner;
  session.run = run.number;
  session.artifacts = options.artifacts;
  session.replay = options.replay;
  session.doing = [&](const std::string& what) { write_line(out, {{"doing", what}}); };
  session.so_far = [&](const LabResult& known) { write_line(out, {{"so_far", to_json(known)}}); };
  write_line(out, {{"result", to_json(run_session(run.topology, session))}});
  // No destructor of the runner's may run twice.
  ::_exit(0);
}

/// One session as the runner sees it.
class Child {
 public:
  Child(const Run& run, std::size_t line, const RunnerOptions& options)
      : run_(run),
        line_(line),
        result_(blank_result(run.topology, run.number)),
        deadline_(system::boot_now() + longest_duration(run.topology)) {
    std::array<int, 2> ends;
    base::check_system_call(::pipe2(ends.data(), O_CLOEXEC), "making", "a pipe");
    pipe_.reset(ends[0]);
    base::Fd out(ends[1]);
    const pid_t runner = ::getpid();
    static_cast<void>(std::fflush(nullptr));
    pid_ = base::check_system_call(::fork(), "starting a process for", run.topology.name);
    if (pid_ == 0) {
      pipe_.reset();
      be_session(run, options, runner, out.get());
    }
    ::fcntl(pipe_.get(), F_SETFL, O_NONBLOCK);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    base::wait_for_child(pid_);
  }

  [[nodiscard]] int pipe() const noexcept { return pipe_.get(); }
  [[nodiscard]] std::size_t line() const noexcept { return line_; }
  [[nodiscard]] base::Instant deadline() const noexcept { return deadline_; }
  [[nodiscard]] const LabResult& result() const noexcept { return result_; }

  /// Takes what the session said; false when it has ended.
  bool listen(Progress& progress) {
    std::array<char, 65536> piece;
    while (true) {
      const ssize_t got = ::read(pipe_.get(), piece.data(), piece.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return true;
      if (got == 0) return false;
      text_.append(piece.data(), static_cast<std::size_t>(got));
      std::size_t end = 0;
      while ((end = text_.find('\n')) != std::string::npos) {
        take(text_.substr(0, end), progress);
        text_.erase(0, end + 1);
      }
    }
  }

  void ask_to_end() noexcept {
    if (asked_) return;
    asked_ = true;
    ::kill(pid_, SIGTERM);
    deadline_ = std::min(deadline_, system::boot_now() + kEndPatience);
  }

  /// Its time is over: first it is asked, then killed.
  void overdue() {
    if (!asked_) {
      reason_ = fmt::format("did not end within {}", format_time(longest_duration(run_.topology)));
      ask_to_end();
      return;
    }
    ::kill(pid_, SIGKILL);
    deadline_ = base::Instant::max();
  }

  /// After its end.
  void conclude() {
    const int status = base::wait_for_child(pid_);
    pid_ = -1;
    if (has_result_) return;
    result_.outcome = Outcome::error;
    result_.message = fmt::format("the test's process {}{}{}", describe_end(status),
                                  reason_.empty() ? "" : ": it ", reason_);
    crashed_ = true;
  }

 private:
  void take(const std::string& line, Progress& progress) {
    try {
      const auto json = nlohmann::json::parse(line);
      if (const auto doing = json.find("doing"); doing != json.end()) {
        progress.update(line_, doing->get<std::string>());
      } else if (const auto known = json.find("so_far"); known != json.end()) {
        result_ = result_from_json(*known);
      } else if (const auto result = json.find("result"); result != json.end()) {
        result_ = result_from_json(*result);
        has_result_ = true;
      }
    } catch (const std::exception& error) {
      reason_ = fmt::format("said what is no result: {}", error.what());
    }
  }

  const Run& run_;
  std::size_t line_;
  LabResult result_;
  base::Instant deadline_;
  base::Fd pipe_;
  pid_t pid_ = -1;
  std::string text_, reason_;
  bool has_result_ = false, asked_ = false, crashed_ = false;
};

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
    while (next < runs_.size() || !children_.empty()) {
      while (next < runs_.size() && children_.size() < options_.jobs && signal_ == 0) start(next++);
      if (signal_ != 0) next = runs_.size();
      if (!children_.empty()) wait();
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
      LabResult result = blank_result(run.topology, run.number);
      result.outcome = Outcome::skipped;
      result.message = std::move(*reason);
      finish(index, line, std::move(result));
      return;
    }
    children_.emplace_back(index, std::make_unique<Child>(run, line, options_));
    draw();
  }

  void wait() {
    std::vector<pollfd> polls{{signals_.fd(), POLLIN, 0}};
    base::Instant deadline = style_.live ? system::boot_now() + kFrame : base::Instant::max();
    for (const auto& [index, child] : children_) {
      polls.push_back({child->pipe(), POLLIN, 0});
      deadline = std::min(deadline, child->deadline());
    }
    wait_for(polls, deadline, never_);
    if (polls.front().revents != 0) handle_signals();
    std::size_t position = 1;
    for (auto each = children_.begin(); each != children_.end(); ++position) {
      Child& child = *each->second;
      if (polls[position].revents != 0 && !child.listen(progress_)) {
        child.conclude();
        finish(each->first, child.line(), child.result());
        each = children_.erase(each);
        continue;
      }
      if (system::boot_now() >= child.deadline()) child.overdue();
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
      for (auto& [index, child] : children_) {
        if (signal_ == 0) {
          child->ask_to_end();
        } else {
          child->overdue();
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
  std::list<std::pair<std::size_t, std::unique_ptr<Child>>> children_;
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

void report_all(const std::vector<LabResult>& results, const RunnerOptions& options, int out,
                bool colour) {
  if (options.junit) write_report(*options.junit, junit_xml(results), std::ios::trunc);
  if (options.tap) fmt::print("{}", tap(results));
  std::FILE* to = out == STDERR_FILENO ? stderr : stdout;
  fmt::print(to, "{}", final_summary(results, colour));
  if (std::string_view(variable("GITHUB_ACTIONS")) == "true") {
    fmt::print(to, "{}", github_annotations(results, variable("GITHUB_WORKSPACE")));
    if (const std::string path = variable("GITHUB_STEP_SUMMARY"); !path.empty()) {
      write_report(path, step_summary(results), std::ios::app);
    }
  }
  static_cast<void>(std::fflush(to));
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
    report_all(results, options, runner.out(), runner.colour());
    interrupted = runner.signal();
  }
  if (interrupted != 0) {
    // Whoever waits for this process sees by what it ended.
    static_cast<void>(::signal(interrupted, SIG_DFL));
    static_cast<void>(::raise(interrupted));
  }
  return results;
}

}  // namespace warren::lab
