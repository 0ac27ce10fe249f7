// One end of a tunnel, in a thread of its own. Its TUN device is in a namespace of its own, its UDP
// sockets are in another, the underlay, where both ends meet on the loopback:
//
//   namespace A              namespace U                 namespace B
//   sockets - TUN  ...fd...  engine - lo - engine  ...fd...  TUN - sockets
//   10.9.0.1/24 fd09::1      127.0.0.1, ::1              10.9.0.2/24 fd09::2
#pragma once

#include <fmt/core.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <warren/crypto/aead.hpp>
#include <warren/crypto/keys.hpp>
#include <warren/crypto/random.hpp>
#include <warren/engine/engine.hpp>
#include <warren/protocol/device.hpp>
#include <warren/system/clock.hpp>
#include <warren/system/netlink.hpp>

#include "support/netns.hpp"

namespace warren::test {

using namespace std::chrono_literals;

struct EndOptions {
  int number = 1;  ///< the last byte of its addresses
  protocol::Kind kind = protocol::Kind::tun;
  bool hub = false;
  crypto::Cipher cipher = crypto::Cipher::chacha20_poly1305;
  std::uint32_t mtu = 1420;
  system::TunOffload offload = system::TunOffload::uso;
  engine::Tuning tuning = {};
  engine::Restrictions restrictions = {};
  std::function<void()> on_thread_start = {};
};

class End {
 public:
  End(const TestNetns& underlay, const EndOptions& options)
      : options_(options),
        key_(crypto::generate_secret_key(crypto::system_random())),
        public_key_(crypto::public_key_of(key_)) {
    tun_.emplace(inner_.run([&] {
      return system::TunDevice({.name = "tun0",
                                .kind = options.kind == protocol::Kind::tap ? system::TunKind::tap
                                                                            : system::TunKind::tun,
                                .offload = options.offload});
    }));
    inner_.run([&] {
      system::Netlink netlink;
      const auto index = netlink.link_index("tun0");
      netlink.set_mtu(index, options.mtu);
      netlink.add_address(index, *base::InterfaceAddress::parse(address() + "/24"));
      netlink.add_address(index, *base::InterfaceAddress::parse(address6() + "/64"));
      netlink.set_link_up(index, true);
    });
    wake_.reset(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    std::promise<void> ready;
    auto started = ready.get_future();
    thread_ = std::thread([this, fd = underlay.fd(), &ready] { live(fd, ready); });
    try {
      started.get();
    } catch (...) {
      thread_.join();
      throw;
    }
  }
  End(const End&) = delete;
  End& operator=(const End&) = delete;
  ~End() { stop(); }

  void stop() {
    if (!thread_.joinable()) return;
    in_engine([this] { engine_->stop(); });
    thread_.join();
  }

  /// Runs `work` in the engine's thread and waits for it.
  void in_engine(const std::function<void()>& work) {
    std::promise<void> done;
    {
      const std::lock_guard lock(mutex_);
      work_.push_back([&] {
        try {
          work();
          done.set_value();
        } catch (...) {
          done.set_exception(std::current_exception());
        }
      });
    }
    const std::uint64_t one = 1;
    REQUIRE(::write(wake_.get(), &one, sizeof one) == sizeof one);
    done.get_future().get();
  }

  void add_peer(End& other, const std::string& underlay_address) {
    const auto port = other.port();
    in_engine([&] {
      const auto now = system::now();
      const auto peer = device_->add_peer(now, other.public_key_);
      if (!peer) throw base::Error("peer refused");
      device_->set_endpoint(*peer,
                            *base::Endpoint::parse(fmt::format("{}:{}", underlay_address, port)));
      device_->allow_ip(*peer, *base::IpNetwork::parse(other.address() + "/32"));
      device_->allow_ip(*peer, *base::IpNetwork::parse(other.address6() + "/128"));
    });
  }

  [[nodiscard]] std::uint16_t port() {
    std::uint16_t port = 0;
    in_engine([&] { port = engine_->listen_port(); });
    return port;
  }
  [[nodiscard]] engine::Engine::Statistics statistics() {
    engine::Engine::Statistics statistics;
    in_engine([&] { statistics = engine_->statistics(); });
    return statistics;
  }
  [[nodiscard]] std::string feature(const std::string& name) {
    std::string state;
    in_engine([&] {
      for (const auto& feature : engine_->features()) {
        if (feature.name == name) state = feature.state;
      }
    });
    return state;
  }
  [[nodiscard]] std::uint64_t drops(base::Drop drop) { return device_->drops().get(drop); }

  [[nodiscard]] std::string address() const { return fmt::format("10.9.0.{}", options_.number); }
  [[nodiscard]] std::string address6() const { return fmt::format("fd09::{}", options_.number); }
  [[nodiscard]] const TestNetns& inner() const noexcept { return inner_; }
  engine::Engine& engine() noexcept { return *engine_; }
  protocol::Device& device() noexcept { return *device_; }
  [[nodiscard]] int gone_count() const noexcept { return gone_; }

 private:
  void live(int underlay, std::promise<void>& ready) {
    std::optional<crypto::Aead> aead;
    std::optional<protocol::Device> device;
    std::optional<engine::Engine> engine;
    try {
      base::check_system_call(::setns(underlay, CLONE_NEWNET), "entering", "the underlay");
      if (options_.on_thread_start) options_.on_thread_start();
      aead.emplace(crypto::available_backends(options_.cipher).front(), options_.cipher);
      device.emplace(protocol::DeviceOptions{options_.kind, options_.hub, options_.mtu}, *aead,
                     crypto::system_random());
      engine.emplace(
          engine::EngineOptions{.tuning = options_.tuning, .restrictions = options_.restrictions},
          *device, *tun_);
      device->set_private_key(system::now(), key_.clone());
      device->set_up(system::now(), true);
      engine->on_device_gone([this] { ++gone_; });
      engine->watch(wake_.get(), POLLIN, [this](short) { take_work(); });
      engine_ = &*engine;
      device_ = &*device;
      ready.set_value();
    } catch (...) {
      ready.set_exception(std::current_exception());
      return;
    }
    engine->run();
  }

  void take_work() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto bytes = ::read(wake_.get(), &count, sizeof count);
    std::vector<std::function<void()>> work;
    {
      const std::lock_guard lock(mutex_);
      work.swap(work_);
    }
    for (const auto& each : work) each();
  }

  EndOptions options_;
  TestNetns inner_;
  crypto::SecretKey key_;
  crypto::PublicKey public_key_;
  std::optional<system::TunDevice> tun_;
  base::Fd wake_;
  std::mutex mutex_;
  std::vector<std::function<void()>> work_;
  engine::Engine* engine_ = nullptr;
  protocol::Device* device_ = nullptr;
  std::atomic<int> gone_ = 0;
  std::thread thread_;
};

/// Two ends that know each other.
struct TunnelPair {
  explicit TunnelPair(EndOptions a_options = {}, EndOptions b_options = {},
                      const std::string& underlay_address = "127.0.0.1")
      : a(underlay, numbered(a_options, 1)), b(underlay, numbered(b_options, 2)) {
    a.add_peer(b, underlay_address);
    b.add_peer(a, underlay_address);
  }
  static EndOptions numbered(EndOptions options, int number) {
    options.number = number;
    return options;
  }
  TestNetns underlay;
  End a;
  End b;
};

}  // namespace warren::test
