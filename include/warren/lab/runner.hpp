// `warren lab test`: each run of a lab in a process of its own, several at a time; what they found
// goes to people and to machines.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include <warren/impair/recording.hpp>
#include <warren/lab/result.hpp>
#include <warren/lab/topology.hpp>

namespace warren::lab {

struct RunnerOptions {
  unsigned jobs = 1;                  ///< runs at a time
  unsigned repeat = 1;                ///< runs of each lab
  std::optional<std::uint64_t> seed;  ///< instead of the file's
  bool vary_seed = false;             ///< each repetition's is one more than the last one's
  std::optional<std::filesystem::path> junit;  ///< JUnit XML is written here
  bool tap = false;                            ///< TAP on standard output, all else on the other
  std::filesystem::path artifacts = "warren-artifacts";  ///< evidence of what failed
  /// Verdicts to apply instead of the dice; may be null.
  std::shared_ptr<const impair::Recording> replay;
  std::filesystem::path replay_file;  ///< where they stand
};

/// Runs every topology, `repeat` times each, and reports. Before any thread is started: forks. An
/// interrupt ends the running ones, waits until nothing of them is left, reports, and then ends
/// this process by the same signal. Throws base::Error when a report cannot be written, unless a
/// test failed: then it is only told.
std::vector<LabResult> run_labs(const std::vector<Topology>& topologies,
                                const RunnerOptions& options);

/// Of `lab test`: 0 all passed, or some and the others were skipped; 1 something failed; 3 the
/// machine could not provide something (and nothing failed); 4 all were skipped. Pure.
int exit_code(const std::vector<LabResult>& results);

/// Why a lab cannot run here; empty: it can be tried.
std::optional<std::string> reason_to_skip(const Topology& topology, bool is_root);

}  // namespace warren::lab
