#include "watches.hpp"

#include <poll.h>

#include <algorithm>

#include <warren/base/assert.hpp>

namespace warren::engine {

Watches::Watch* Watches::find(std::uint32_t id) noexcept {
  const auto found = std::find_if(watches_.begin(), watches_.end(),
                                  [id](const Watch& watch) { return watch.id == id; });
  return found != watches_.end() ? &*found : nullptr;
}

WatchId Watches::add(int fd, short events, std::function<void(short)> ready) {
  watches_.push_back(
      {next_id_++, fd, events, 0, std::make_shared<std::function<void(short)>>(std::move(ready))});
  arm(watches_.back());
  return WatchId{watches_.back().id};
}

void Watches::arm(Watch& watch) {
  watch.generation = next_generation_++ & 0xffffffU;
  ring_.poll(watch.fd, watch.events, {Op::watch, watch.generation, watch.id});
}

void Watches::cancel(const Watch& watch) {
  ring_.cancel({Op::watch, watch.generation, watch.id});
}

void Watches::change(WatchId id, short events) {
  Watch* const watch = find(id.value());
  WARREN_ASSERT(watch != nullptr, "watch={}", id.value());
  if (watch->events == events) return;
  watch->events = events;
  cancel(*watch);
  arm(*watch);
}

void Watches::remove(WatchId id) noexcept {
  Watch* const watch = find(id.value());
  if (watch == nullptr) return;
  cancel(*watch);
  watches_.erase(watches_.begin() + (watch - watches_.data()));
  // A poll that is only prepared would find another file, or none, once the descriptor is closed;
  // and one that is armed keeps the file open.
  ring_.submit();
}

void Watches::on_poll(const Completion& completion) {
  Watch* watch = find(completion.tag.index);
  if (watch == nullptr || watch->generation != completion.tag.generation) return;
  const auto ready = watch->ready;
  (*ready)(completion.result < 0 ? static_cast<short>(POLLERR)
                                 : static_cast<short>(completion.result));
  // The callback may have removed, changed or added watches.
  watch = find(completion.tag.index);
  if (watch != nullptr && watch->generation == completion.tag.generation) arm(*watch);
}

}  // namespace warren::engine
