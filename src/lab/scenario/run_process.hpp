// One run of a lab in a process of its own, as the runner sees it. What the process says is one
// line of JSON each: {"doing": …}, {"so_far": …}, and at its end {"result": …}. One that ends
// without a result has crashed or was killed.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include <warren/base/fd.hpp>
#include <warren/base/time.hpp>
#include <warren/lab/report.hpp>
#include <warren/lab/runner.hpp>

namespace warren::lab {

struct Run {
  Topology topology;  ///< with this run's seed
  std::uint32_t number = 0;
  std::string evidence;  ///< the name of its folder among the artifacts, no other run's
};

class RunProcess {
 public:
  /// Forks: no other thread may be running. `line`: of the progress. `run` outlives it.
  RunProcess(const Run& run, std::size_t line, const RunnerOptions& options);
  RunProcess(const RunProcess&) = delete;
  RunProcess& operator=(const RunProcess&) = delete;
  /// Kills what has not ended.
  ~RunProcess();

  /// Readable when listen() has something to take.
  [[nodiscard]] int pipe() const noexcept { return pipe_.get(); }
  [[nodiscard]] std::size_t line() const noexcept { return line_; }
  [[nodiscard]] base::Instant deadline() const noexcept { return deadline_; }
  [[nodiscard]] const LabResult& result() const noexcept { return result_; }

  /// Takes what the process said; false when it has ended.
  bool listen(Progress& progress);
  void ask_to_end() noexcept;
  /// Its time is over: first it is asked, then killed.
  void overdue();
  /// After its end: the result.
  void conclude();

 private:
  void take(const std::string& line, Progress& progress);

  const Run& run_;
  std::size_t line_;
  LabResult result_;
  base::Instant deadline_;
  base::Fd pipe_;
  pid_t pid_ = -1;
  std::string text_, reason_;
  bool has_result_ = false, asked_ = false;
};

}  // namespace warren::lab
