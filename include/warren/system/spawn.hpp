// Starting a program in other namespaces.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include <warren/base/fd.hpp>

namespace warren::system {

/// Namespace descriptors, borrowed; -1: the calling thread's.
struct SpawnPlace {
  int net = -1;
  int mount = -1;
  int uts = -1;
  int pid = -1;
};

struct SpawnRequest {
  std::vector<std::string> arguments;  ///< the program first; looked for in PATH
  /// Besides the caller's own environment, whose variables of the same names they replace.
  std::vector<std::pair<std::string, std::string>> environment;
  std::string directory;  ///< to work in; empty: the caller's, or / in another mount namespace
  SpawnPlace place;
  int standard_input = -1;   ///< -1: /dev/null; borrowed and above 2, as the others
  int standard_output = -1;  ///< -1: /dev/null
  int standard_error = -1;   ///< -1: /dev/null
};

struct Spawned {
  base::Fd pidfd;
  pid_t pid = -1;  ///< as the caller's process namespace numbers it
};

/// Starts the program as a child of this process, in a session and process group of its own, with
/// no signal blocked or ignored and no descriptor but its three streams. Any thread. Throws
/// SystemError with the program's name when it cannot be executed (ENOENT, EACCES, …) or a
/// namespace cannot be entered. The caller waits for the child.
Spawned spawn(const SpawnRequest& request);

}  // namespace warren::system
