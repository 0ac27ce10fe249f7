// What a running tunnel writes: the log's set-up, and the device's events at a limited rate.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include <warren/base/error.hpp>
#include <warren/base/time.hpp>
#include <warren/protocol/event.hpp>

namespace warren::cli {

/// Sends spdlog to standard error, with a timestamp unless the journal adds one. `level` is one of
/// trace, debug, info, warning, error, off.
void set_up_log(const std::string& level);

/// The error on one line, its hint in brackets.
std::string error_text(const base::Error& error);

/// Logs events: of each kind and reason at most kBurst in kWindow, then how many more there were.
/// Nothing that a peer sends can make the log grow faster than that.
class EventLog {
 public:
  static constexpr std::size_t kBurst = 5;
  static constexpr base::Duration kWindow = std::chrono::seconds(5);

  /// `write(is_problem, text)` receives the lines; `wake_at` is asked to call flush() at a time.
  EventLog(std::function<void(bool, const std::string&)> write,
           std::function<void(base::Instant)> wake_at)
      : write_(std::move(write)), wake_at_(std::move(wake_at)) {}

  /// `peer` is what the peer is called; may be empty.
  void add(base::Instant now, const protocol::Event& event, const std::string& peer);
  /// Tells how many events were left out in the windows that have ended.
  void flush(base::Instant now);

 private:
  struct Window {
    base::Instant start;
    std::size_t shown = 0;
    std::size_t left_out = 0;
    bool problem = false;
    std::string what;  // for the line that counts the ones left out
  };

  std::function<void(bool, const std::string&)> write_;
  std::function<void(base::Instant)> wake_at_;
  std::map<std::uint32_t, Window> windows_;  // by kind and failure: bounded by their number
};

}  // namespace warren::cli
