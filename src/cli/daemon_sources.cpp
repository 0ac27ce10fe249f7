#include "daemon_sources.hpp"

#include <poll.h>
#include <spdlog/spdlog.h>

#include <chrono>

#include <warren/base/error.hpp>
#include <warren/system/clock.hpp>

namespace warren::cli {
namespace {

// Changes come in bursts (a routing daemon, our own routes at start-up): one look for all of them.
constexpr base::Duration kGathering = std::chrono::milliseconds(20);

}  // namespace

SourceKeeper::SourceKeeper(engine::Engine& engine, protocol::Device& device,
                           system::Netlink& netlink)
    : engine_(engine), device_(device), netlink_(netlink) {
  watch_ = engine_.watch(monitor_.fd(), POLLIN, [this](short) {
    monitor_.drain();
    if (due_) return;
    due_ = true;
    engine_.call_at(system::boot_now() + kGathering, [this] {
      due_ = false;
      check();
    });
  });
}

SourceKeeper::~SourceKeeper() { engine_.unwatch(watch_); }

void SourceKeeper::check() try {
  for (const protocol::PeerId peer : device_.peers()) {
    const auto path = device_.status(peer).path;
    if (!path || !path->local) continue;
    if (netlink_.leaves_by(*path->local, path->remote, engine_.fwmark())) continue;
    device_.forget_source(peer);
    spdlog::info("the way to {} has changed: {} is not its source any more",
                 path->remote.to_string(), path->local->address.to_string());
  }
} catch (const base::Error& error) {
  // Sending goes on as before; the engine notices a source that is gone altogether by itself.
  spdlog::warn("cannot ask for the way to the peers: {}", error.what());
}

}  // namespace warren::cli
