// Becoming a daemon in two steps: the process that was started returns only once the daemon is
// ready, or has failed and said why.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <warren/base/fd.hpp>

namespace warren::system {

/// The daemon's end of the pipe to the process that was started. Dropping it without ready() counts
/// as a failure without words.
class DaemonChild {
 public:
  explicit DaemonChild(base::Fd pipe) noexcept : pipe_(std::move(pipe)) {}
  /// Standard input, output and error become /dev/null, the directory /, and the parent returns
  /// with success. Throws SystemError. Once.
  void ready();
  /// The pipe's writing end, which poll(2) reports as POLLERR when the parent is gone. Until
  /// ready().
  [[nodiscard]] int fd() const noexcept { return pipe_.get(); }
  /// The parent is gone, so that nobody waits for the daemon any more.
  [[nodiscard]] bool abandoned() const noexcept;
  /// The parent returns with `text` as its error. Once, instead of ready().
  void fail(std::string_view text) noexcept;

 private:
  base::Fd pipe_;
};

/// What the parent learned.
struct DaemonOutcome {
  bool ready = false;
  std::string error;  ///< as the daemon said it; a text of ours when it ended without a word
};

/// Forks twice, so that the daemon leads a session without being its leader (it can never get a
/// terminal). Call it before any thread exists and with stdio flushed. Returns twice: in the daemon
/// with a DaemonChild; in the parent, after the daemon has spoken or died, with none and `outcome`
/// filled in. Throws SystemError in the parent. Standard error stays usable until ready().
std::optional<DaemonChild> fork_daemon(DaemonOutcome& outcome);

}  // namespace warren::system
