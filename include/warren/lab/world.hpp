// A lab's part of the kernel: namespaces, devices, addresses, routes, rules and processes. Made by
// applying a plan; the destructor undoes everything, and so does the kernel when the process dies.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <warren/base/fd.hpp>
#include <warren/lab/plan.hpp>
#include <warren/lab/topology.hpp>
#include <warren/lab/wire.hpp>

namespace warren::lab {

/// Enters a user namespace in which this process is root, when it is not root already; then a mount
/// namespace of its own, and a process namespace for its children whose first process ends all
/// others when this one is gone. Once per process, before it has threads. Throws base::Error that
/// names the setting that forbids it (kernel.unprivileged_userns_clone, user.max_user_namespaces,
/// AppArmor's restriction, seccomp) and the remedy.
void enter_sandbox();

struct SpawnOptions {
  std::vector<std::string> command;  ///< as Program::command
  std::vector<std::pair<std::string, std::string>> environment;
  int standard_input = -1;   ///< -1: /dev/null; borrowed
  int standard_output = -1;  ///< -1: /dev/null; borrowed
  int standard_error = -1;   ///< -1: /dev/null; borrowed
};

/// A process in a node. The destructor kills it and its process group, and waits.
class Process {
 public:
  explicit Process(base::Fd pidfd, pid_t pid) noexcept;
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  ~Process();
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// Readable once it has ended.
  [[nodiscard]] int pidfd() const noexcept { return pidfd_.get(); }
  /// The wait status as waitpid(2) gives it; empty while it runs. Waits up to `timeout`.
  std::optional<int> wait(base::Duration timeout);
  /// To its process group. No error when it is gone.
  void signal(int signal_number) noexcept;

 private:
  base::Fd pidfd_;
  pid_t pid_ = -1;
  std::optional<int> status_;
};

struct WorldOptions {
  /// Bind the namespaces under /run/netns (root only).
  bool named_namespaces = false;
  /// A folder for files of the lab (hosts files, keys, logs), removed by the destructor.
  std::filesystem::path directory;
};

class World {
 public:
  /// Applies the plan; nothing is left when that throws. enter_sandbox() came before.
  World(const Topology& topology, const WorldOptions& options);
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World();

  /// Borrowed; for sockets in the node: system::in_netns.
  [[nodiscard]] int netns(NodeId node) const;
  /// The mount namespace in which the node's processes run: its own /sys, /run/warren,
  /// /var/run/wireguard, and /etc/hosts with every node's name. Borrowed.
  [[nodiscard]] int mount_namespace(NodeId node) const;
  /// The TAP devices of the wired links, for the wire. Once.
  std::vector<WireLink> take_wire_links();
  /// A process in the node. Throws base::SystemError when it cannot be started (the program's name
  /// is in the message).
  Process spawn(NodeId node, const SpawnOptions& options);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace warren::lab
