// The first process of a lab's process namespace.
#pragma once

#include <sys/types.h>

#include <warren/base/fd.hpp>

namespace warren::lab {

class Claim;

/// The lab's process holds the writing end of a pipe; the caretaker waits for its end.
struct Caretaker {
  pid_t pid = -1;
  base::Fd pipe;
};

/// Forks it, into a process namespace of its own; it stays in the mount namespace that the caller
/// is in now, the machine's. Throws SystemError.
Caretaker start_caretaker(Claim* claim);

}  // namespace warren::lab
