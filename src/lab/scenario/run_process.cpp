#include "run_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <exception>
#include <nlohmann/json.hpp>

#include <warren/base/error.hpp>
#include <warren/base/system_calls.hpp>
#include <warren/system/clock.hpp>

#include "process_text.hpp"
#include "session.hpp"
#include "statistics.hpp"

namespace warren::lab {
namespace {

using namespace std::chrono_literals;

// What a run may take beyond its scenario: bringing up, evidence, taking down.
constexpr base::Duration kAllowance = 60s;
// Between asking a session to end and killing it.
constexpr base::Duration kEndPatience = 15s;

base::Duration longest_duration(const Topology& topology) {
  base::Duration longest = topology.timeout + kAllowance;
  for (const Node& node : topology.nodes) {
    for (const Program& each : node.programs) longest += each.ready.within;
  }
  return longest;
}

/// The whole line, whatever the pipe's size; nothing when the runner is gone.
void write_line(int fd, const nlohmann::json& json) {
  base::write_all(fd, json_line(json) + '\n');
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
  session.evidence = options.artifacts / run.evidence;
  session.replay = options.replay;
  session.replay_file = options.replay_file;
  session.doing = [&](const std::string& what) { write_line(out, {{"doing", what}}); };
  session.so_far = [&](const LabResult& known) { write_line(out, {{"so_far", to_json(known)}}); };
  write_line(out, {{"result", to_json(run_session(run.topology, session))}});
  // No destructor of the runner's may run twice.
  ::_exit(0);
}

}  // namespace

RunProcess::RunProcess(const Run& run, std::size_t line, const RunnerOptions& options)
    : run_(run),
      line_(line),
      result_(blank_result(run.topology, run.number, options.replay_file)),
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

RunProcess::~RunProcess() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  base::wait_for_child(pid_);
}

bool RunProcess::listen(Progress& progress) {
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

void RunProcess::ask_to_end() noexcept {
  if (asked_) return;
  asked_ = true;
  ::kill(pid_, SIGTERM);
  deadline_ = std::min(deadline_, system::boot_now() + kEndPatience);
}

void RunProcess::overdue() {
  if (!asked_) {
    reason_ = fmt::format("did not end within {}", format_time(longest_duration(run_.topology)));
    ask_to_end();
    return;
  }
  ::kill(pid_, SIGKILL);
  deadline_ = base::Instant::max();
}

void RunProcess::conclude() {
  const int status = base::wait_for_child(pid_);
  pid_ = -1;
  if (has_result_) return;
  result_.outcome = Outcome::error;
  result_.message = fmt::format("the test's process {}{}{}", describe_end(status),
                                reason_.empty() ? "" : ": it ", reason_);
}

void RunProcess::take(const std::string& line, Progress& progress) {
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

}  // namespace warren::lab
