// What a lab's process puts around itself first, so that nothing of the lab can outlive it.
#pragma once

#include <filesystem>

#include <warren/base/fd.hpp>

namespace warren::lab {

class Claim;

/// Enters a user namespace in which this process is root, when it may not administer the machine's
/// network already; then a mount namespace of its own, with an empty /run that has links to the
/// machine's entries (but those of tunnels and their like, which every node has its own of), and
/// /run/lab for the session's files. Makes a process namespace for what World::spawn starts, whose
/// first process, the caretaker, ends all others when this one is gone, and then removes what
/// `claim` recorded (it is handed over). Once per process, before it has threads; threads may be
/// started afterwards.
///
/// Throws base::Error that names the setting that forbids it (kernel.unprivileged_userns_clone,
/// user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns, seccomp) and the remedy.
void enter_sandbox(Claim* claim = nullptr);

/// Ends the caretaker, and with it every process of the lab, and waits until they are gone. For a
/// process that goes on, or wants its successor to find nothing; otherwise its end does the same.
void leave_sandbox() noexcept;

/// A folder in memory that this process and its nodes see and nobody else; it is gone with them.
std::filesystem::path sandbox_directory();

/// Whether this process is root only in a user namespace of its own.
bool rootless() noexcept;

/// Borrowed: the process namespace of World::spawn, the machine's own mount namespace, the user
/// namespace (-1 when the machine's is used), and a pidfd of the caretaker: readable when nothing
/// of the lab is left but what the kernel removes by itself.
struct SandboxNamespaces {
  int pid = -1;
  int host_mount = -1;
  int user = -1;
  int caretaker = -1;
};
SandboxNamespaces sandbox_namespaces();

}  // namespace warren::lab
