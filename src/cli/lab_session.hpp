// A lab that is up: the process that holds it, and what others ask it.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include <warren/base/fd.hpp>
#include <warren/lab/capture.hpp>
#include <warren/lab/claim.hpp>
#include <warren/lab/probe.hpp>
#include <warren/lab/recorder.hpp>
#include <warren/lab/services.hpp>
#include <warren/lab/topology.hpp>
#include <warren/lab/wire.hpp>
#include <warren/lab/world.hpp>
#include <warren/system/daemon.hpp>
#include <warren/system/fd_passing.hpp>
#include <warren/system/signals.hpp>
#include <warren/system/unix_socket.hpp>

namespace warren::cli {

/// What goes back to a client: one line of JSON, and descriptors beside it.
struct LabAnswer {
  std::string line;
  std::vector<int> fds;  ///< borrowed from the session
};

/// All of a lab, from its claim to its programs. The constructor returns when everything is ready;
/// it enters the sandbox, so that there is one per process.
class LabSession {
 public:
  /// `topology` is borrowed. Gives up when a signal to end comes, `lab down` asks for it, or the
  /// process that waits for it is gone. Throws base::Error.
  LabSession(const lab::Topology& topology, const system::DaemonChild& parent);
  LabSession(const LabSession&) = delete;
  LabSession& operator=(const LabSession&) = delete;
  ~LabSession();

  /// Answers until somebody asks it to end, or SIGTERM comes.
  void run();

 private:
  struct Client {
    base::Fd socket;
    system::LineReader reader;
    std::optional<lab::StreamId> capture;
  };

  // lab_session_answers.cpp; each throws base::Error for what cannot be done.
  LabAnswer answer(Client& client);
  LabAnswer status() const;
  LabAnswer enter(const std::string& node) const;
  LabAnswer set(const nlohmann::json& request);
  LabAnswer capture(const nlohmann::json& request, Client& client);
  LabAnswer down();
  [[nodiscard]] nlohmann::json link_status(lab::LinkId id) const;
  [[nodiscard]] lab::LinkId find_link(const std::string& name) const;

  void add_client(base::Fd socket);
  void serve(Client& client);
  bool still_there(const Client& client) const;

  const lab::Topology& topology_;
  std::int64_t began_ms_;
  lab::Claim claim_;
  system::UnixListener listener_;
  system::SignalFd signals_;
  lab::Stop stop_;
  std::unique_ptr<lab::World> world_;
  std::unique_ptr<lab::CaptureRing> ring_;
  std::unique_ptr<lab::Wire> wire_;  // none where no link is wired
  std::unique_ptr<lab::Recorder> recorder_;
  std::unique_ptr<lab::Services> services_;
  double bring_up_ms_ = 0;
  double ready_ms_ = 0;
  std::list<Client> clients_;
  bool ending_ = false;
};

}  // namespace warren::cli
