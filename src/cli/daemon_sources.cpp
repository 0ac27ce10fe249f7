#include "daemon_sources.hpp"

#include <poll.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include <warren/base/error.hpp>
#include <warren/system/clock.hpp>

namespace warren::cli {

void LookRounds::changed() {
  if (state_ == State::looking) changed_meanwhile_ = true;
  if (state_ != State::idle) return;
  state_ = State::waiting;
  hooks_.call_at(std::max(hooks_.now() + kGathering, not_before_), [this] { begin(); });
}

void LookRounds::begin() {
  state_ = State::looking;
  peers_ = hooks_.peers();
  next_ = 0;
  look_at_slice();
}

void LookRounds::look_at_slice() {
  const std::size_t slice_end = std::min(next_ + kSlice, peers_.size());
  while (next_ < slice_end) {
    if (!hooks_.look_at(peers_[next_++])) return end();
  }
  if (next_ == peers_.size()) return end();
  hooks_.call_at(hooks_.now(), [this] { look_at_slice(); });
}

void LookRounds::end() {
  const auto slices = static_cast<base::Duration::rep>((next_ + kSlice - 1) / kSlice);
  not_before_ = hooks_.now() + std::min(kMaxPause, slices * kGathering);
  peers_ = {};
  state_ = State::idle;
  if (std::exchange(changed_meanwhile_, false)) changed();
}

SourceKeeper::SourceKeeper(engine::Engine& engine, protocol::Device& device,
                           system::Netlink& netlink)
    : engine_(engine),
      device_(device),
      netlink_(netlink),
      rounds_({.now = [] { return system::boot_now(); },
               .call_at =
                   [this](base::Instant when, std::function<void()> fire) {
                     engine_.call_at(when, std::move(fire));
                   },
               .peers = [this] { return device_.peers(); },
               .look_at = [this](protocol::PeerId peer) { return check(peer); }}) {
  watch_ = engine_.watch(monitor_.fd(), POLLIN, [this](short) {
    monitor_.drain();
    rounds_.changed();
  });
}

SourceKeeper::~SourceKeeper() {
  engine_.unwatch(watch_);
}

bool SourceKeeper::check(protocol::PeerId peer) try {
  const auto path = device_.status(peer).path;
  if (!path || !path->local) return true;
  if (netlink_.leaves_by(*path->local, path->remote, engine_.fwmark())) return true;
  device_.forget_source(peer);
  spdlog::info("the way to {} has changed: {} is not its source any more",
               path->remote.to_string(), path->local->address.to_string());
  return true;
} catch (const base::Error& error) {
  // Sending goes on as before; the engine notices a source that is gone altogether by itself.
  spdlog::warn("cannot ask for the way to the peers: {}", error.what());
  return false;
}

}  // namespace warren::cli
