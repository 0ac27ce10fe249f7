// What messages say about programs: how they ended, what their logs end with, what is missing. Pure
// but for reading a log.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include <warren/lab/topology.hpp>

namespace warren::lab {

/// A command as one line.
std::string join_command(const std::vector<std::string>& command);

/// "nobody listens on TCP port 80": what is missing while the condition is not met.
std::string describe_missing(const Readiness& ready);

/// The last `lines` of a file, each behind four blanks and a bar; empty for an empty or missing
/// one.
std::string log_tail(const std::filesystem::path& log, std::size_t lines = 15);

/// "exited with status 3", "was killed by signal 11 (Segmentation fault)"; `status` as waitpid(2)
/// gives it.
std::string describe_end(int status);

}  // namespace warren::lab
