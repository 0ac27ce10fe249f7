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
#include <warren/lab/claim.hpp>
#include <warren/lab/plan.hpp>
#include <warren/lab/sandbox.hpp>
#include <warren/lab/topology.hpp>
#include <warren/lab/wire.hpp>

namespace warren::lab {

struct SpawnOptions {
  std::vector<std::string> command;  ///< as Program::command
  std::vector<std::pair<std::string, std::string>> environment = {};
  /// To work in; empty: where the lab's file is.
  std::filesystem::path directory = {};
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
  /// The wait status as waitpid(2) gives it; empty while it runs. Waits up to `timeout`. Children
  /// that it left behind run on until the destructor.
  std::optional<int> wait(base::Duration timeout);
  /// To its process group. No error when it is gone.
  void signal(int signal_number) noexcept;

 private:
  void end() noexcept;

  base::Fd pidfd_;
  pid_t pid_ = -1;
  std::optional<int> status_;
};

struct WorldOptions {
  /// Bind the namespaces under /run/netns in this claim's name (root only); borrowed, outlives the
  /// world. None: they have no names.
  Claim* claim = nullptr;
  /// A folder for files of the lab (hosts files, keys, logs), made if need be, removed with all
  /// that is in it by the destructor. Empty: one in sandbox_directory().
  std::filesystem::path directory = {};
  /// How long devices may take to be ready for traffic.
  base::Duration ready_within = std::chrono::seconds(10);
};

struct WorldState;

class World {
 public:
  /// Applies the plan and waits until every device carries traffic; nothing is left when that
  /// throws. enter_sandbox() came before.
  World(const Topology& topology, const WorldOptions& options);
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  /// After the wire that has the TAP devices. Processes come before, too.
  ~World();

  [[nodiscard]] const std::filesystem::path& directory() const noexcept;
  /// Borrowed; for sockets in the node: system::in_netns.
  [[nodiscard]] int netns(NodeId node) const;
  /// The mount namespace in which the node's processes run: its own /sys, /run/warren and
  /// /run/wireguard, a /proc that shows the lab's processes, and /etc/hosts with every node's name.
  /// Made when it is asked for. Borrowed. Any thread.
  [[nodiscard]] int mount_namespace(NodeId node) const;
  /// In which the node's name is the machine's. Borrowed. Any thread.
  [[nodiscard]] int uts_namespace(NodeId node) const;
  /// The TAP devices of the wired links, for the wire. Once.
  std::vector<WireLink> take_wire_links();
  /// A process in the node. Any thread. Throws base::SystemError when it cannot be started (the
  /// program's name is in the message).
  Process spawn(NodeId node, const SpawnOptions& options);

 private:
  std::unique_ptr<WorldState> state_;
};

}  // namespace warren::lab
