#include "daemon_names.hpp"

#include <poll.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include <warren/base/units.hpp>
#include <warren/system/clock.hpp>

namespace warren::cli {

EndpointNames::EndpointNames(
    Daemon& daemon, std::function<void(const crypto::PublicKey&, const base::Endpoint&)> resolved)
    : daemon_(daemon), resolved_(std::move(resolved)) {
  watch_ = daemon_.watch(resolver_.fd(), POLLIN, [this](short) { take_answers(); });
}

EndpointNames::~EndpointNames() {
  daemon_.unwatch(watch_);
}

void EndpointNames::add(const crypto::PublicKey& key, const config::HostPort& name) {
  Entry& entry = entries_[key] = Entry{.name = name, .token = {}, .asked = {}};
  ask(key, entry);
}

void EndpointNames::remove(const crypto::PublicKey& key) {
  entries_.erase(key);
}

void EndpointNames::unanswered(const crypto::PublicKey& key) {
  const auto it = entries_.find(key);
  if (it == entries_.end() || it->second.token) return;
  if (system::boot_now() - it->second.asked < kAskAgainAfter) return;
  ask(key, it->second);
}

void EndpointNames::ask(const crypto::PublicKey&, Entry& entry) {
  entry.token = next_token_++;
  entry.asked = system::boot_now();
  resolver_.resolve(*entry.token, entry.name.host, entry.name.port);
}

void EndpointNames::take_answers() {
  for (const system::Resolved& answer : resolver_.drain()) {
    // A peer that was removed or renamed meanwhile has no entry with this token.
    const auto it = std::find_if(entries_.begin(), entries_.end(), [&](const auto& entry) {
      return entry.second.token == answer.token;
    });
    if (it == entries_.end()) continue;
    auto& [key, entry] = *it;
    entry.token.reset();
    if (answer.endpoint) {
      entry.pause = kFirstPause;
      spdlog::debug("{} is {}", entry.name.to_string(), answer.endpoint->to_string());
      resolved_(key, *answer.endpoint);
    } else {
      spdlog::warn("cannot resolve {}: {}; trying again in {}", entry.name.host, answer.error,
                   base::format_age(entry.pause));
      ask_again_later(key, entry);
    }
  }
}

void EndpointNames::ask_again_later(const crypto::PublicKey& key, Entry& entry) {
  const base::Instant when = system::boot_now() + entry.pause;
  entry.pause = std::min(2 * entry.pause, kLongestPause);
  daemon_.engine().call_at(when, [this, key, asked = entry.asked] {
    const auto it = entries_.find(key);
    // Asked anew meanwhile, or no longer wanted.
    if (it == entries_.end() || it->second.asked != asked) return;
    ask(key, it->second);
  });
}

}  // namespace warren::cli
