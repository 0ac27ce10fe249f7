// The public face: what a Loop does, without its parts.
#include <utility>

#include <warren/system/clock.hpp>

#include "loop.hpp"

namespace warren::engine {

struct Engine::State {
  State(const EngineOptions& options, protocol::Device& device, system::TunDevice& tun)
      : loop(options, device, tun), fwmark(options.fwmark) {}

  Loop loop;
  std::uint32_t fwmark;
  bool stopped = false;
};

Engine::Engine(const EngineOptions& options, protocol::Device& device, system::TunDevice& tun)
    : state_(std::make_unique<State>(options, device, tun)) {}

Engine::~Engine() = default;

void Engine::run() {
  kick();
  // A stop holds until it was obeyed, also one from before: what asked for it may not ask again.
  while (!std::exchange(state_->stopped, false)) state_->loop.turn();
}

void Engine::stop() noexcept {
  state_->stopped = true;
}

WatchId Engine::watch(int fd, short events, std::function<void(short)> ready) {
  return state_->loop.watches().add(fd, events, std::move(ready));
}

void Engine::change_watch(WatchId watch, short events) {
  state_->loop.watches().change(watch, events);
}

void Engine::unwatch(WatchId watch) noexcept {
  if (Alarm::is_call(watch)) {
    state_->loop.alarm().cancel(watch);
  } else {
    state_->loop.watches().remove(watch);
  }
}

WatchId Engine::call_at(base::Instant when, std::function<void()> fire) {
  return state_->loop.alarm().call_at(when, std::move(fire));
}

void Engine::kick() {
  state_->loop.kick();
}

void Engine::set_listen_port(std::uint16_t port) {
  if (port != 0 && port == listen_port()) return;
  state_->loop.udp().replace(system::UdpSockets::bind({.port = port, .fwmark = state_->fwmark}));
}

std::uint16_t Engine::listen_port() const {
  return state_->loop.udp().port();
}

void Engine::set_fwmark(std::uint32_t fwmark) {
  state_->loop.udp().set_fwmark(fwmark);
  state_->fwmark = fwmark;
}

std::uint32_t Engine::fwmark() const noexcept {
  return state_->fwmark;
}

void Engine::on_event(std::function<void(const protocol::Event&)> callback) {
  state_->loop.on_event() = std::move(callback);
}

void Engine::on_device_gone(std::function<void()> callback) {
  state_->loop.on_device_gone() = std::move(callback);
}

void Engine::on_step_down(std::function<void()> callback) {
  state_->loop.on_step_down() = std::move(callback);
}

std::vector<Feature> Engine::features() const {
  return state_->loop.features();
}

const Engine::Statistics& Engine::statistics() const noexcept {
  return state_->loop.statistics();
}

}  // namespace warren::engine
