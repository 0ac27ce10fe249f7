#include "daemon_log.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <utility>

namespace warren::cli {
namespace {

using protocol::Event;

struct Line {
  bool problem = false;
  std::string what;  // without the peer
  std::string text;
};

Line describe(const Event& event, const std::string& peer) {
  const std::string who = peer.empty() ? event.remote.to_string()
                                       : fmt::format("{} ({})", peer, event.remote.to_string());
  switch (event.kind) {
    case Event::Kind::handshake_completed:
      return {false, "completed handshakes", fmt::format("handshake with {} completed", who)};
    case Event::Kind::handshake_failed: {
      const auto why = protocol::failure_text(event.failure);
      return {true, fmt::format("failed handshakes: {}", why),
              fmt::format("handshake with {} failed: {}", who, why)};
    }
    case Event::Kind::handshake_retry:
      return {false, "unanswered handshake initiations",
              fmt::format("handshake initiation to {} went unanswered: trying again (a peer that "
                          "never answers may be out of reach, or have another key, kind or cipher)",
                          who)};
    case Event::Kind::endpoint_changed:
      return {false, "changes of endpoint",
              fmt::format("peer {} is at {} now", peer, event.remote.to_string())};
  }
  return {};
}

}  // namespace

void set_up_log(const std::string& level) {
  auto logger = std::make_shared<spdlog::logger>(
      "warren", std::make_shared<spdlog::sinks::stderr_color_sink_st>());
  const bool in_journal = std::getenv("JOURNAL_STREAM") != nullptr;
  logger->set_pattern(in_journal ? "%l: %v" : "%Y-%m-%d %H:%M:%S.%e %^%l%$ %v");
  logger->set_level(spdlog::level::from_str(level));
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
}

std::string error_text(const base::Error& error) {
  return error.hint().empty() ? error.what() : fmt::format("{} ({})", error.what(), error.hint());
}

void EventLog::add(base::Instant now, const Event& event, const std::string& peer) {
  const bool failed = event.kind == Event::Kind::handshake_failed;
  const auto key = static_cast<std::uint32_t>(event.kind) << 8U |
                   (failed ? static_cast<std::uint32_t>(event.failure) : 0U);
  flush(now);
  Window& window = windows_[key];
  if (window.shown == 0 || now - window.start >= kWindow) window = {.start = now, .what = {}};
  if (window.shown < kBurst) {
    ++window.shown;
    const Line line = describe(event, peer);
    write_(line.problem, line.text);
    return;
  }
  if (window.left_out++ > 0) return;
  Line line = describe(event, peer);
  window.problem = line.problem;
  window.what = std::move(line.what);
  wake_at_(window.start + kWindow);
}

void EventLog::flush(base::Instant now) {
  for (auto& [key, window] : windows_) {
    if (window.left_out == 0 || now - window.start < kWindow) continue;
    write_(window.problem, fmt::format("{} more {}", window.left_out, window.what));
    window.left_out = 0;
  }
}

}  // namespace warren::cli
