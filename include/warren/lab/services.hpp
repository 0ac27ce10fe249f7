// What runs in a lab's nodes for the whole test: the daemons of its tunnels, and the programs of
// its nodes. Each has a log file.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <warren/base/error.hpp>
#include <warren/lab/probe.hpp>
#include <warren/lab/result.hpp>
#include <warren/lab/topology.hpp>
#include <warren/lab/world.hpp>

namespace warren::lab {

/// A program or a daemon that is not ready: it ended, or has not become ready in time. The message
/// has its log's last lines.
class NotReady : public base::Error {
 public:
  NotReady(const std::string& message, Place where) : base::Error(message), place(where) {}
  Place place;
};

struct ServiceOptions {
  /// For logs and the tunnels' files; the nodes see it too.
  std::filesystem::path directory;
  /// This program, for the tunnels' daemons; empty: /proc/self/exe.
  std::filesystem::path executable;
  /// Told of what happens; `at` is not set. Called by whoever calls a function of Services.
  std::function<void(Incident)> note;
};

/// One thread at a time, but for logs().
class Services {
 public:
  /// Borrows everything. Starts nothing yet.
  Services(const Topology& topology, World& world, const Stop& stop, ServiceOptions options);
  Services(const Services&) = delete;
  Services& operator=(const Services&) = delete;
  /// As stop().
  ~Services();

  /// The tunnels' daemons, all at once, and then the programs, all at once; returns when all are
  /// ready. Throws NotReady, base::SystemError, or base::Error when it was stopped.
  void start();

  /// Signal 0 starts the program again, after ending it if it runs, and does not wait for it to be
  /// ready. Throws base::Error.
  void signal(NodeId node, const std::string& program, int signal_number);
  /// A command beside the programs, not waited for; its output goes to a log of its own.
  void launch(NodeId node, const std::vector<std::string>& command);

  /// Readable when something has ended: call note_ended() then.
  [[nodiscard]] std::vector<int> watched() const;
  void note_ended();

  [[nodiscard]] std::vector<LogFile> logs() const;
  /// The binary of the tunnels' daemons.
  [[nodiscard]] const std::string& executable() const noexcept;

  /// Programs first, in reverse order, then the tunnels: TERM, and KILL for those that have not
  /// ended within two seconds. What ends now is no incident.
  void stop() noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace warren::lab
