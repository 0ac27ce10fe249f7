// A command in a node, with its output, bounded in time and size.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <warren/base/time.hpp>
#include <warren/lab/probe.hpp>
#include <warren/lab/topology.hpp>
#include <warren/lab/world.hpp>
#include <warren/system/clock.hpp>

namespace warren::lab {

struct CommandOutcome {
  /// As waitpid(2) gives it; empty: it was still running at the deadline, or when it was stopped,
  /// and was killed.
  std::optional<int> status;
  std::string out, err;                                ///< the first kMostOutput bytes of each
  std::uint64_t out_discarded = 0, err_discarded = 0;  ///< bytes beyond
};

/// `command` as Program::command. Throws base::SystemError when it cannot be started.
CommandOutcome run_command(
    World& world, NodeId node, const std::vector<std::string>& command, base::Instant deadline,
    const Stop& stop, const std::vector<std::pair<std::string, std::string>>& environment = {});

}  // namespace warren::lab
