// One run of a lab's test, in a process that is there for nothing else: everything up, the
// scenario, the evidence, everything down.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include <warren/impair/recording.hpp>
#include <warren/lab/result.hpp>
#include <warren/lab/topology.hpp>

namespace warren::lab {

struct SessionOptions {
  pid_t runner = 0;  ///< this process ends with it
  std::uint32_t run = 0;
  std::filesystem::path evidence;  ///< the folder for it if the test fails; absolute
  std::shared_ptr<const impair::Recording> replay;
  std::filesystem::path replay_file;  ///< where it stands
  /// What it does now, for people.
  std::function<void(const std::string&)> doing;
  /// What is known so far, each time an expectation has ended.
  std::function<void(const LabResult&)> so_far;
};

/// A result with what is known before the run. `replay`: as LabResult::replay.
LabResult blank_result(const Topology& topology, std::uint32_t run,
                       const std::filesystem::path& replay);

/// Whatever happens is in the result. Before any thread; once per process. SIGTERM and SIGINT end
/// it early and cleanly.
LabResult run_session(const Topology& topology, const SessionOptions& options);

}  // namespace warren::lab
