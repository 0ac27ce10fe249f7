// A Host around a real protocol::Device, without a network, and a Watcher on poll(2).
#pragma once

#include <poll.h>

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <warren/control/host.hpp>
#include <warren/crypto/aead.hpp>
#include <warren/crypto/random.hpp>
#include <warren/protocol/device.hpp>

namespace warren::test {

class FakeHost final : public control::Host {
 public:
  protocol::Device& device() override { return device_; }
  base::Now now() override { return now_; }
  [[nodiscard]] std::uint16_t listen_port() const override { return port; }
  int set_listen_port(std::uint16_t new_port) override {
    if (port_error == 0) port = new_port;
    return port_error;
  }
  [[nodiscard]] std::uint32_t fwmark() const override { return mark; }
  int set_fwmark(std::uint32_t new_mark) override {
    mark = new_mark;
    return 0;
  }
  [[nodiscard]] std::string peer_name(const crypto::PublicKey& key) const override {
    const auto it = names.find(key.to_hex());
    return it == names.end() ? "" : it->second;
  }
  void peers_changed() override { ++peer_changes; }
  [[nodiscard]] nlohmann::json host_status() const override { return own_status; }
  std::optional<control::ReloadError> reload() override {
    ++reloads;
    return reload_error;
  }
  void shut_down() override { ++shut_downs; }

  std::uint16_t port = 0;
  int port_error = 0;
  std::uint32_t mark = 0;
  std::map<std::string, std::string> names;  // by key in hex
  nlohmann::json own_status = {
      {"interface",
       {{"name", "wr0"},
        {"kind", "tun"},
        {"mtu", 1420},
        {"addresses", {"10.8.0.1/24"}},
        {"configuration", nullptr}}},
      {"features",
       {{{"name", "aead"}, {"state", "libsodium"}, {"degraded", false}, {"forced", false}}}},
      {"statistics", {{"turns", 7}}},
      {"process", {{"pid", 42}, {"uptime_s", 1.5}}},
  };
  std::optional<control::ReloadError> reload_error;
  int peer_changes = 0;
  int reloads = 0;
  int shut_downs = 0;

 private:
  base::Now now_{base::Instant{std::chrono::seconds(1000)},
                 base::WallTime{std::chrono::seconds(1'700'000'000)}};
  crypto::Aead aead_{crypto::AeadBackend::libsodium};
  protocol::Device device_{{}, aead_, crypto::system_random()};
};

class PollWatcher final : public control::Watcher {
 public:
  std::uint32_t watch(int fd, short events, std::function<void(short)> ready) override {
    entries_[++last_] = {fd, events, std::move(ready)};
    return last_;
  }
  void change_watch(std::uint32_t watch, short events) override {
    entries_.at(watch).events = events;
  }
  void unwatch(std::uint32_t watch) noexcept override { entries_.erase(watch); }

  /// Calls back what is ready now, once each; returns how many were.
  int turn(int timeout_ms = 0) {
    std::vector<pollfd> fds;
    std::vector<std::uint32_t> ids;
    for (const auto& [id, entry] : entries_) {
      fds.push_back({entry.fd, entry.events, 0});
      ids.push_back(id);
    }
    poll(fds.data(), fds.size(), timeout_ms);
    int called = 0;
    for (std::size_t i = 0; i < fds.size(); ++i) {
      if (fds[i].revents == 0) continue;
      const auto it = entries_.find(ids[i]);
      if (it == entries_.end()) continue;  // removed by a callback before it
      const auto ready = it->second.ready;
      ready(fds[i].revents);
      ++called;
    }
    return called;
  }
  /// Turns until nothing is ready any more.
  void settle() {
    for (int i = 0; i < 10'000 && turn() > 0; ++i) {
    }
  }

 private:
  struct Entry {
    int fd;
    short events;
    std::function<void(short)> ready;
  };
  std::map<std::uint32_t, Entry> entries_;
  std::uint32_t last_ = 0;
};

}  // namespace warren::test
